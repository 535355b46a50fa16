use embedded::{Counts, Oldest, Reader};
use time::{Duration, OffsetDateTime};

use crate::display::{short, span};
use crate::doctor::context::Context;
use crate::doctor::report::Finding;
use crate::doctor::stack_queues;

/// A worker receives a visible message at once, unless there are very many messages or no worker.
const RECEIVED_WITHIN: Duration = Duration::minutes(5);
/// A retry comes after 15 minutes at the latest; some retries are nothing unusual.
const DONE_WITHIN: Duration = Duration::hours(1);
/// A canary is sent each day.
const CANARY_WITHIN: Duration = Duration::hours(26);

/// Checks the state folder or the stack: queues, dead letters, scheduled canary.
pub(crate) async fn check(context: &Context) -> Vec<Finding> {
    if let Some(stack) = &context.stack {
        return stack_queues::check(context, stack).await;
    }
    let folder = context.state.display();
    let reader = match Reader::open(&context.state) {
        Ok(reader) => reader,
        Err(_) if context.arguments.state.is_none() && !context.state.exists() => {
            let detail = format!("there is no state folder {folder}, so no queue was checked");
            let fix = "name the folder of `certhooks local` with --state, or a stack with --stack";
            return vec![Finding::warning("state", detail, fix)];
        }
        Err(error) => {
            let fix = format!("certhooks local --state {folder}");
            return vec![Finding::error("state", error.to_string(), fix)];
        }
    };
    let queue_state =
        async { Ok::<_, ports::PortError>((reader.counts().await?, reader.oldest().await?)) };
    match queue_state.await {
        Ok((counts, oldest)) => {
            let dead = dead_letters(context, &reader, counts.dead).await;
            vec![
                Finding::ok("state", format!("{folder} can be read")),
                queue(context, counts, oldest, OffsetDateTime::now_utc()),
                dead,
                canary(context, &reader).await,
            ]
        }
        Err(error) => {
            let fix = format!("certhooks local --state {folder}");
            vec![Finding::error("state", error.to_string(), fix)]
        }
    }
}

fn queue(context: &Context, counts: Counts, oldest: Oldest, now: OffsetDateTime) -> Finding {
    let Counts { visible, in_flight, delayed, .. } = counts;
    let detail = format!("{visible} visible, {in_flight} in flight, {delayed} delayed");
    let age = |since: Option<OffsetDateTime>| since.map_or(Duration::ZERO, |since| now - since);
    let (visible_age, oldest_age) = (age(oldest.visible), age(oldest.received));
    if visible_age > RECEIVED_WITHIN {
        let age = span(visible_age);
        let detail =
            format!("{detail}; the first has been visible for {age} and no worker took it");
        Finding::error("queue", detail, context.command("local"))
    } else if oldest_age > DONE_WITHIN {
        let detail = format!("{detail}; the oldest was received {} ago", span(oldest_age));
        let fix = "read the log, which names the reason of each retry: most likely a provider is \
                   down or refuses its API key";
        Finding::warning("queue", detail, fix)
    } else if oldest_age.is_positive() {
        let age = span(oldest_age);
        Finding::ok("queue", format!("{detail}; the oldest was received {age} ago"))
    } else {
        Finding::ok("queue", detail)
    }
}

/// A canary that is late was delayed between webhook endpoint and worker.
async fn canary(context: &Context, reader: &Reader) -> Finding {
    const CHECK: &str = "canary";
    match processing::canary_age(&reader.ledger(), OffsetDateTime::now_utc()).await {
        Ok(Some(age)) if age > CANARY_WITHIN => {
            let age = span(age);
            let detail = format!("the last one was processed {age} ago; one is sent each day");
            Finding::warning(CHECK, detail, context.command("local"))
        }
        Ok(Some(age)) => {
            Finding::ok(CHECK, format!("the last one was processed {} ago", span(age)))
        }
        Ok(None) => Finding::ok(CHECK, "none yet; the first is sent a minute after the start"),
        Err(error) => Finding::error(CHECK, error.to_string(), context.command("local")),
    }
}

async fn dead_letters(context: &Context, reader: &Reader, count: u64) -> Finding {
    const CHECK: &str = "dead-letters";
    if count == 0 {
        return Finding::ok(CHECK, "none");
    }
    let newest = match reader.dead_letters(0, u32::MAX).await {
        Ok(all) => all.into_iter().next_back(),
        Err(error) => return Finding::error(CHECK, error.to_string(), context.command("local")),
    };
    let newest = newest.map_or_else(String::new, |letter| {
        let (kind, reason) = (short(&letter.kind, 80), short(&letter.reason, 120));
        format!(", the newest {kind} of {}: {reason}", envelope::rfc3339(letter.died))
    });
    let detail = format!("{count}{newest}; the log of that time has the details");
    Finding::error(CHECK, detail, context.dead_letter_fix(""))
}
