use ports::PortResult;
use time::{Duration, OffsetDateTime};

use crate::doctor::here::{mend, span};
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::stack::{Age, Depth, Depths, Stack};

/// As the stack's alarms have it: an event that is tried again waits 15 minutes at most, so one that
/// waits for half an hour is not taken.
const EVENT_TAKEN_WITHIN: Duration = Duration::minutes(30);
const DELIVERY_TAKEN_WITHIN: Duration = Duration::hours(1);

/// The queues of a stack: how many messages wait, for how long, and which were given up.
pub(crate) async fn look(look: &Look, stack: &Stack) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("state", format!("stack {} can be read", stack.name()))];
    match stack.depths().await {
        Ok(depths) => {
            findings.push(Finding::ok("queue", counts(depths.events)));
            findings.push(Finding::ok("deliveries-queue", counts(depths.deliveries)));
            findings.extend(ages(look, stack, depths).await);
            findings.push(dead_letters(look, stack, depths).await);
        }
        Err(error) => {
            let mend = "an AWS identity that may do sqs:GetQueueAttributes on the stack's queues";
            findings.push(Finding::warning("queue", error.to_string(), mend));
        }
    }
    findings
}

fn counts(Depth { visible, in_flight, delayed }: Depth) -> String {
    format!("{visible} waiting, {in_flight} in flight, {delayed} for a later try")
}

async fn ages(look: &Look, stack: &Stack, depths: Depths) -> Vec<Finding> {
    const EVENTS: &str = "queue-age";
    let ages = match stack.ages().await {
        Ok(ages) => ages,
        Err(error) => {
            let mend = "an AWS identity that may do cloudwatch:GetMetricStatistics";
            return vec![Finding::warning(EVENTS, error.to_string(), mend)];
        }
    };
    let now = OffsetDateTime::now_utc();
    let consumer = "plug a consumer into the deliveries queue, or see in its own log why it does not \
                    keep up";
    vec![
        age(EVENTS, ages.events, depths.events, EVENT_TAKEN_WITHIN, &look.log(), now),
        age(
            "deliveries-age",
            ages.deliveries,
            depths.deliveries,
            DELIVERY_TAKEN_WITHIN,
            consumer,
            now,
        ),
    ]
}

fn age(
    check: &'static str,
    age: Option<Age>,
    depth: Depth,
    within: Duration,
    mend: &str,
    now: OffsetDateTime,
) -> Finding {
    let waits = depth.visible + depth.in_flight + depth.delayed > 0;
    let Some(Age { oldest, at }) = age.filter(|age| waits || !age.oldest.is_zero()) else {
        let unknown = "CloudWatch has none of the last 15 minutes";
        return Finding::ok(check, if waits { unknown } else { "nothing waits" });
    };
    // CloudWatch has it a minute or more later.
    let ago = span((now - at).max(Duration::ZERO));
    let detail = format!("the oldest waited for {}, {ago} ago", span(oldest));
    if oldest < within {
        Finding::ok(check, detail)
    } else {
        Finding::wrong(check, format!("{detail}, of {} at most", span(within)), mend)
    }
}

async fn dead_letters(look: &Look, stack: &Stack, depths: Depths) -> Finding {
    const CHECK: &str = "dead-letters";
    let Depths { dead, undelivered, .. } = depths;
    let mut counts = format!("{dead} events, {undelivered} deliveries that no consumer took");
    if dead + undelivered > 0 {
        // Whoever may not receive from these queues sees the counts all the same.
        if let Ok(Some(sent)) = oldest_dead(stack).await {
            let age = OffsetDateTime::now_utc() - sent;
            counts = format!("{counts}; the oldest was sent {} ago", span(age.max(Duration::ZERO)));
        }
    }
    match (dead, undelivered) {
        (0, 0) => Finding::ok(CHECK, "none"),
        (0, _) => {
            let detail = format!("{counts}; the consumer's own log says why");
            Finding::wrong(CHECK, detail, mend(look, " --queue deliveries"))
        }
        _ => Finding::wrong(CHECK, counts, mend(look, "")),
    }
}

/// When the oldest was sent, of the dead letters that SQS hands out first; they are given back.
async fn oldest_dead(stack: &Stack) -> PortResult<Option<OffsetDateTime>> {
    const PAGES: usize = 10;
    let (mut queues, mut oldest) = (stack.dead_letter_queues()?, None);
    let mut outcome = Ok(());
    for _ in 0..PAGES {
        match queues.page(None).await {
            Ok(Some(received)) => {
                let sent = received.iter().map(|received| received.dead_letter.sent);
                oldest = sent.chain(oldest).min();
                queues.keep(received);
            }
            Ok(None) => break,
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    queues.release().await.and(outcome).map(|()| oldest)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::{Age, Depth, EVENT_TAKEN_WITHIN, age};
    use crate::doctor::report::Level;

    #[test]
    fn an_age_is_judged_as_the_alarms_do() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let at = |oldest| Some(Age { oldest, at: now - Duration::minutes(3) });
        for (oldest, visible, level, detail) in [
            (None, 0, Level::Ok, "nothing waits"),
            (None, 2, Level::Ok, "CloudWatch has none of the last 15 minutes"),
            (at(Duration::ZERO), 0, Level::Ok, "nothing waits"),
            (at(Duration::seconds(40)), 2, Level::Ok, "the oldest waited for 40 s, 3 min ago"),
            (at(Duration::seconds(1799)), 2, Level::Ok, "the oldest waited for 29 min, 3 min ago"),
            (
                at(Duration::seconds(1800)),
                0,
                Level::Wrong,
                "the oldest waited for 30 min, 3 min ago, of 30 min at most",
            ),
        ] {
            let depth = Depth { visible, in_flight: 0, delayed: 0 };
            let finding = age("queue-age", oldest, depth, EVENT_TAKEN_WITHIN, "look", now);
            assert_eq!((finding.level, finding.detail.as_str()), (level, detail));
            assert_eq!(finding.mend.is_empty(), level == Level::Ok);
        }
    }
}
