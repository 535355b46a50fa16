use aws::Depth;
use ports::PortResult;
use time::{Duration, OffsetDateTime};

use crate::display::span;
use crate::doctor::Finding;
use crate::doctor::state_folder::dead_letter_fix;
use crate::installation::Installation;
use crate::installation::stack::{Age, Depths, StackInstallation};

/// The threshold of the stack's alarm: a retry waits 15 minutes at most, so a message that has waited
/// for half an hour is not being received.
const EVENT_AGE_LIMIT: Duration = Duration::minutes(30);
const DELIVERY_AGE_LIMIT: Duration = Duration::hours(1);

/// Checks the queues of a stack: number of messages, age of the oldest, dead letters.
pub(crate) async fn check(stack: &StackInstallation) -> Vec<(&'static str, Finding)> {
    let mut findings = vec![("state", Finding::ok(format!("{} can be read", stack.name())))];
    match stack.depths().await {
        Ok(depths) => {
            findings.push(("queue", Finding::ok(counts(depths.events))));
            findings.push(("deliveries-queue", Finding::ok(counts(depths.deliveries))));
            findings.extend(ages(stack, &depths).await);
            findings.push(("dead-letters", dead_letters(stack, &depths).await));
        }
        Err(error) => {
            let fix =
                "use an AWS identity that is allowed sqs:GetQueueAttributes on the stack's queues";
            findings.push(("queue", Finding::warning(error.to_string(), fix)));
        }
    }
    findings
}

fn counts(Depth { visible, in_flight, delayed }: Depth) -> String {
    format!("{visible} visible, {in_flight} in flight, {delayed} delayed")
}

async fn ages(stack: &StackInstallation, depths: &Depths) -> Vec<(&'static str, Finding)> {
    let [events, deliveries] = match stack.ages().await {
        Ok(ages) => ages,
        Err(error) => {
            let fix = "use an AWS identity that is allowed cloudwatch:GetMetricStatistics";
            return vec![("queue-age", Finding::warning(error.to_string(), fix))];
        }
    };
    let now = OffsetDateTime::now_utc();
    let consumer = "connect a consumer to the deliveries queue, or read in the consumer's log why it \
                    does not keep up";
    vec![
        ("queue-age", age(events, depths.events, EVENT_AGE_LIMIT, &stack.log_hint(), now)),
        ("deliveries-age", age(deliveries, depths.deliveries, DELIVERY_AGE_LIMIT, consumer, now)),
    ]
}

fn age(age: Option<Age>, depth: Depth, limit: Duration, fix: &str, now: OffsetDateTime) -> Finding {
    let has_messages = depth.visible + depth.in_flight + depth.delayed > 0;
    let Some(Age { oldest, at }) = age.filter(|age| has_messages || !age.oldest.is_zero()) else {
        let unknown = "CloudWatch has no data of the last 15 minutes";
        return Finding::ok(if has_messages { unknown } else { "no message is waiting" });
    };
    // CloudWatch publishes the metric a minute or more later.
    let ago = span((now - at).max(Duration::ZERO));
    let detail = format!("the oldest waited for {}, {ago} ago", span(oldest));
    if oldest < limit {
        Finding::ok(detail)
    } else {
        Finding::error(format!("{detail}; the limit is {}", span(limit)), fix)
    }
}

async fn dead_letters(stack: &StackInstallation, depths: &Depths) -> Finding {
    let Depths { dead, undelivered, .. } = *depths;
    let mut counts = format!("{dead} events, {undelivered} deliveries");
    if dead + undelivered > 0 {
        // An identity that may not receive from these queues still gets the counts.
        if let Ok(Some(sent)) = oldest_dead(stack).await {
            let age = OffsetDateTime::now_utc() - sent;
            counts = format!("{counts}; the oldest was sent {} ago", span(age.max(Duration::ZERO)));
        }
    }
    match (dead, undelivered) {
        (0, 0) => Finding::ok("none"),
        (0, _) => {
            let detail = format!("{counts}; the consumer's log says why");
            Finding::error(
                detail,
                dead_letter_fix(&format!(" --queue deliveries{}", stack.option())),
            )
        }
        _ => Finding::error(counts, dead_letter_fix(&stack.option())),
    }
}

/// The time at which the oldest of the first dead letters was sent. They are released afterwards; SQS
/// chooses which ones come first, so there may be an older one.
async fn oldest_dead(stack: &StackInstallation) -> PortResult<Option<OffsetDateTime>> {
    const PAGES: usize = 10;
    let (mut queues, mut oldest) = (stack.dead_letters()?, None);
    let mut outcome = Ok(());
    for _ in 0..PAGES {
        match queues.page(None).await {
            Ok(Some(received)) => {
                oldest =
                    received.iter().map(|received| received.dead_letter.sent).chain(oldest).min();
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

    use super::{Age, Depth, EVENT_AGE_LIMIT, age};
    use crate::doctor::report::Level;

    #[test]
    fn an_age_has_the_limits_of_the_alarms() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let at = |oldest| Some(Age { oldest, at: now - Duration::minutes(3) });
        for (oldest, visible, level, detail) in [
            (None, 0, Level::Ok, "no message is waiting"),
            (None, 2, Level::Ok, "CloudWatch has no data of the last 15 minutes"),
            (at(Duration::ZERO), 0, Level::Ok, "no message is waiting"),
            (at(Duration::seconds(40)), 2, Level::Ok, "the oldest waited for 40 s, 3 min ago"),
            (at(Duration::seconds(1799)), 2, Level::Ok, "the oldest waited for 29 min, 3 min ago"),
            (
                at(Duration::seconds(1800)),
                0,
                Level::Error,
                "the oldest waited for 30 min, 3 min ago; the limit is 30 min",
            ),
        ] {
            let depth = Depth { visible, in_flight: 0, delayed: 0 };
            let finding = age(oldest, depth, EVENT_AGE_LIMIT, "fix", now);
            assert_eq!((finding.level, finding.detail.as_str()), (level, detail));
            assert_eq!(finding.fix.is_empty(), level == Level::Ok);
        }
    }
}
