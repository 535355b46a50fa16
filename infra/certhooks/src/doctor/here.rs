use embedded::{Counts, Oldest, Reader};
use time::{Duration, OffsetDateTime};

use crate::display::short;
use crate::doctor::look::Look;
use crate::doctor::queues;
use crate::doctor::report::Finding;

/// A visible message is taken at once, unless there are very many, or no worker.
const TAKEN_WITHIN: Duration = Duration::minutes(5);
/// A try again comes after 15 minutes at the latest; some of them are nothing unusual.
const DONE_WITHIN: Duration = Duration::hours(1);

/// A canary is sent each day.
const CANARY_WITHIN: Duration = Duration::hours(26);

/// The state folder or the stack: queue, dead letters.
pub(crate) async fn look(look: &Look) -> Vec<Finding> {
    if let Some(stack) = &look.stack {
        return queues::look(look, stack).await;
    }
    let folder = look.state.display();
    let reader = match Reader::open(&look.state) {
        Ok(reader) => reader,
        Err(_) if look.arguments.state.is_none() && !look.state.exists() => {
            let detail = format!("there is no {folder} here, so no queue was looked at");
            let mend =
                "name the folder of `certhooks local` with --state; on AWS see the dashboard";
            return vec![Finding::warning("state", detail, mend)];
        }
        Err(error) => {
            let mend = format!("certhooks local --state {folder}");
            return vec![Finding::wrong("state", error.to_string(), mend)];
        }
    };
    let looked =
        async { Ok::<_, ports::PortError>((reader.counts().await?, reader.oldest().await?)) };
    match looked.await {
        Ok((counts, oldest)) => {
            let dead = dead_letters(look, &reader, counts.dead).await;
            vec![
                Finding::ok("state", format!("{folder} can be read")),
                queue(look, counts, oldest, OffsetDateTime::now_utc()),
                dead,
                canary(look, &reader).await,
            ]
        }
        Err(error) => {
            let mend = format!("certhooks local --state {folder}");
            vec![Finding::wrong("state", error.to_string(), mend)]
        }
    }
}

fn queue(look: &Look, counts: Counts, oldest: Oldest, now: OffsetDateTime) -> Finding {
    let Counts { visible, in_flight, delayed, .. } = counts;
    let detail = format!("{visible} waiting, {in_flight} in flight, {delayed} for a later try");
    let age = |since: Option<OffsetDateTime>| since.map_or(Duration::ZERO, |since| now - since);
    let (untaken, undone) = (age(oldest.visible), age(oldest.received));
    if untaken > TAKEN_WITHIN {
        let detail = format!("{detail}; no worker took the first for {}", span(untaken));
        Finding::wrong("queue", detail, look.command("local"))
    } else if undone > DONE_WITHIN {
        let detail = format!("{detail}; the oldest came {} ago", span(undone));
        let mend =
            "the log says at each try why: most likely a provider is down or refuses its key";
        Finding::warning("queue", detail, mend)
    } else if undone.is_positive() {
        Finding::ok("queue", format!("{detail}; the oldest came {} ago", span(undone)))
    } else {
        Finding::ok("queue", detail)
    }
}

/// One is sent each day; one that is late was held up on its way.
async fn canary(look: &Look, reader: &Reader) -> Finding {
    const CHECK: &str = "canary";
    match processing::canary_age(&reader.ledger(), OffsetDateTime::now_utc()).await {
        Ok(Some(age)) if age > CANARY_WITHIN => {
            let detail = format!("the last one arrived {} ago; one is sent each day", span(age));
            Finding::warning(CHECK, detail, look.command("local"))
        }
        Ok(Some(age)) => Finding::ok(CHECK, format!("the last one arrived {} ago", span(age))),
        Ok(None) => Finding::ok(CHECK, "none yet; the first is sent a minute after the start"),
        Err(error) => Finding::wrong(CHECK, error.to_string(), look.command("local")),
    }
}

async fn dead_letters(look: &Look, reader: &Reader, count: u64) -> Finding {
    const CHECK: &str = "dead-letters";
    if count == 0 {
        return Finding::ok(CHECK, "none");
    }
    let newest = match reader.dead_letters(0, u32::MAX).await {
        Ok(all) => all.into_iter().next_back(),
        Err(error) => return Finding::wrong(CHECK, error.to_string(), look.command("local")),
    };
    let newest = newest.map_or_else(String::new, |letter| {
        let (kind, reason) = (short(&letter.kind, 80), short(&letter.reason, 120));
        format!(", the newest {kind} of {}: {reason}", envelope::rfc3339(letter.died))
    });
    let detail = format!("{count}{newest}; the log of that time says more");
    Finding::wrong(CHECK, detail, mend(look, ""))
}

/// The commands that show dead letters with their reasons, and try them again.
pub(crate) fn mend(look: &Look, options: &str) -> String {
    let command = |verb: &str| look.command(&format!("dead-letters {verb}{options}"));
    format!("{}, then {}", command("list"), command("retry --all"))
}

/// `3 d`, `5 h`, `12 min`, `40 s`.
pub(crate) fn span(duration: Duration) -> String {
    match duration.whole_seconds() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
