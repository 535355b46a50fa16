use std::path::Path;
use std::time::Duration as Wait;

use embedded::{Backlog, ConsumerStatus, Counts, Oldest, Options, Reader, Running, TriedAgain};
use envelope::Provider;
use processing::http;
use providers::profile;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::args::DEFAULT_STATE;
use crate::display::{clean, short, span, whole_seconds};
use crate::doctor::Finding;
use crate::output::count;
use crate::send::on_this_machine;

/// A worker receives a visible message at once, unless there are very many messages or no worker.
const RECEIVED_WITHIN: Duration = Duration::minutes(5);
/// A retry comes after 15 minutes at the latest; some retries are nothing unusual.
const DONE_WITHIN: Duration = Duration::hours(1);
/// Reconciliation runs each 15 minutes, unless the operator sets another interval.
const RECONCILED_WITHIN: Duration = Duration::hours(2);
/// A delivery is handed over at once, unless its consumer refuses it.
const HANDED_OVER_WITHIN: Duration = Duration::hours(1);
/// An event may be announced this long before its certificate is there.
const RETRIED_WITHIN: Duration = Duration::minutes(15);
/// The reasons that no time heals: the provider counts as down, and it refuses the API key.
const LASTING: [&str; 2] = ["held", "unauthorized"];
/// Two processes of one machine do not differ by more.
const CLOCK_TOLERANCE: Duration = Duration::minutes(1);
/// Longer than the process waits for its own queue.
const READY_TIMEOUT: Wait = Wait::from_secs(10);
/// A canary is sent each day.
const CANARY_WITHIN: Duration = Duration::hours(26);

/// Checks a state folder: queue, dead letters, scheduled canary. `option` names it on a command line.
pub(crate) async fn check(path: &Path, option: String) -> Vec<(&'static str, Finding)> {
    let simulate = if embedded::is_simulated(path) { " --simulate" } else { "" };
    let (folder, local) = (path.display(), format!("certhooks local{simulate}{option}"));
    let reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(_) if path == Path::new(DEFAULT_STATE) && !path.exists() => {
            let detail = format!("there is no state folder {folder}, so no queue was checked");
            let fix = "name the folder of `certhooks local` with --state, or a stack with --stack";
            return vec![("state", Finding::warning(detail, fix))];
        }
        // A start makes a database, and changes none that is damaged or of a later version.
        Err(error) => {
            let is_there = path.join(embedded::DATABASE_FILE).exists();
            let fix = if is_there { "do what the message says".to_owned() } else { local };
            return vec![("state", Finding::error(error.to_string(), fix))];
        }
    };
    let log = format!("read the log of certhooks local{option}");
    // A second process is refused beside one that does not do its work.
    let stands_still = if embedded::is_owned(path).is_ok_and(|runs| runs) { &log } else { &local };
    let (now, list) = (OffsetDateTime::now_utc(), format!("certhooks queue list{option}"));
    let queue_state = async {
        let (counts, oldest) = (reader.counts().await?, reader.oldest().await?);
        let (backlog, tried) = (reader.backlog().await?, reader.tried_again().await?);
        let (newest, first) = (reader.newest_write().await?, reader.read_after(0, 1).await?);
        Ok::<_, ports::PortError>((counts, oldest, backlog, tried, newest, first))
    };
    match queue_state.await {
        Ok((counts, oldest, backlog, tried, newest, first)) => {
            let dead = dead_letters(&reader, counts.dead, &option, &log).await;
            let first = first.first().map(|delivered| delivered.published);
            let mut findings = vec![
                ("state", writers(path)),
                ("process", process(path, &local)),
                ("disk", disk(path)),
                ("secrets", secrets(path, &local)),
                ("simulation", simulation(path)),
                ("clock", clock(newest, now)),
                ("queue", queue(counts, oldest, now, (stands_still, &list))),
                ("waiting", waiting(&backlog, now, &list)),
                ("retries", retries(tried, list)),
                ("dead-letters", dead),
                ("retention", retention(first)),
                ("canary", canary(&reader, stands_still).await),
                ("reconciliation", reconciliation(&reader, &option).await),
                ("consumers", consumers(&reader, &option).await),
            ];
            findings.extend(ready(path, &log).await.map(|finding| ("ready", finding)));
            findings
        }
        Err(error) => vec![("state", Finding::error(error.to_string(), log))],
    }
}

/// Whether a process receives and processes events.
fn process(path: &Path, local: &str) -> Finding {
    match embedded::is_owned(path) {
        Ok(true) => Finding::ok("`certhooks local` runs on the folder"),
        Ok(false) => {
            let detail =
                "no `certhooks local` runs on the folder, so no event is received or processed";
            Finding::error(detail, local)
        }
        Err(error) => Finding::error(error.to_string(), local),
    }
}

/// Whether the process that runs on the folder can take an event, by its own word.
async fn ready(path: &Path, log: &str) -> Option<Finding> {
    let running = embedded::is_owned(path).unwrap_or(false).then(|| Running::read(path))??;
    let admin = running.admin;
    Some(match ask_ready(running).await {
        Ok((true, _)) => Finding::ok(format!("the process takes events, by {admin}")),
        Ok((false, reason)) => Finding::error(format!("{admin}: {}", clean(&reason)), log),
        Err(error) => Finding::error(format!("{admin}: no answer ({error})"), log),
    })
}

async fn ask_ready(running: Running) -> anyhow::Result<(bool, String)> {
    let url = on_this_machine(running.admin)?.join("/readyz")?;
    let answer = http::client(READY_TIMEOUT, &url)?.get(url).send().await?;
    Ok((answer.status().is_success(), answer.text().await?.trim_end().to_owned()))
}

/// Whether the disk takes what an acknowledgement and the archive need.
fn disk(path: &Path) -> Finding {
    match embedded::check_writable(path) {
        Ok(()) => Finding::ok("it takes a write in every folder"),
        Err(error) => {
            let fix = format!("chmod -R u+rwX {0} && df -h {0}", path.display());
            Finding::error(error.to_string(), fix)
        }
    }
}

/// Whether the webhook secrets are there, which providers know and nobody can make again.
fn secrets(path: &Path, local: &str) -> Finding {
    match embedded::check_secrets(path) {
        Ok(()) => Finding::ok("secrets.json has the webhook secrets"),
        Err(error) => Finding::error(error.to_string(), format!("{local} --new-secrets")),
    }
}

fn simulation(path: &Path) -> Finding {
    match embedded::is_simulated(path) {
        false => Finding::ok("none: the providers are real"),
        true => Finding::warning(
            "the providers of this folder are simulated: nothing in its events is real",
            "use another state folder for real providers",
        ),
    }
}

/// Whether the clock was set back since something was written, so that delays and expiry are wrong.
fn clock(newest: Option<OffsetDateTime>, now: OffsetDateTime) -> Finding {
    match newest.map(|newest| newest - now) {
        Some(ahead) if ahead > CLOCK_TOLERANCE => Finding::warning(
            format!("the newest entry is {} ahead of this machine's clock", span(ahead)),
            "timedatectl set-ntp true",
        ),
        _ => Finding::ok("nothing was written later than now"),
    }
}

/// What waits because a provider does not answer, refuses the key, or limits the rate.
fn waiting(backlog: &[Backlog], now: OffsetDateTime, list: &str) -> Finding {
    let mut details = Vec::new();
    let mut is_long = false;
    for Backlog { provider, reason, messages, oldest } in backlog {
        let oldest = OffsetDateTime::parse(oldest, &Rfc3339).unwrap_or(now);
        is_long |= LASTING.contains(&reason.as_str()) || now - oldest > RETRIED_WITHIN;
        let (events, age) =
            (count(*messages as usize, "event"), span((now - oldest).max(Duration::ZERO)));
        details.push(format!("{provider}: {events} ({reason}), the oldest for {age}"));
    }
    match details.is_empty() {
        true => Finding::ok("no event waits for its provider"),
        false if is_long => Finding::warning(details.join("; "), list),
        false => Finding::ok(details.join("; ")),
    }
}

/// Whether messages failed because of a fault here, which brings them nearer to the dead letters.
fn retries(tried: TriedAgain, list: String) -> Finding {
    let (TriedAgain { messages, receives }, most) = (tried, Options::default().max_receives);
    match messages {
        0 => Finding::ok("every message is at its first receive"),
        _ => Finding::warning(
            format!(
                "{} received more than once, the most often {receives} times: the log has a line \
                 `leaving it for redelivery` with the reason of each; after {most} it is a dead letter",
                count(messages as usize, "message")
            ),
            list,
        ),
    }
}

fn retention(first: Option<OffsetDateTime>) -> Finding {
    let since = first
        .map_or_else(|| "none yet".to_owned(), |first| format!("since {}", whole_seconds(first)));
    Finding::ok(format!(
        "deliveries: {since}; `certhooks local --keep-deliveries` or KEEP_DELIVERIES sets how long they are kept"
    ))
}

/// Whether the folder is its user's alone.
fn writers(path: &Path) -> Finding {
    let folder = path.display();
    match embedded::check_writers(path) {
        Ok(()) => Finding::ok(format!("{folder} can be read")),
        Err(error) => Finding::error(error.to_string(), format!("chmod 700 {folder}")),
    }
}

/// The commands that list the dead letters with their reasons, and retry them.
pub(crate) fn dead_letter_fix(options: &str) -> String {
    format!("certhooks dead-letters list{options} && certhooks dead-letters retry --all{options}")
}

fn queue(
    counts: Counts,
    oldest: Oldest,
    now: OffsetDateTime,
    (stands_still, list): (&str, &str),
) -> Finding {
    let Counts { visible, in_flight, delayed, .. } = counts;
    let detail = format!("{visible} visible, {in_flight} in flight, {delayed} delayed");
    let age = |since: Option<OffsetDateTime>| since.map_or(Duration::ZERO, |since| now - since);
    let (visible_age, oldest_age) = (age(oldest.visible), age(oldest.received));
    if visible_age > RECEIVED_WITHIN {
        let age = span(visible_age);
        let detail =
            format!("{detail}; the first has been visible for {age} and no worker took it");
        Finding::error(detail, stands_still)
    } else if oldest_age > DONE_WITHIN {
        let detail = format!("{detail}; the oldest was received {} ago", span(oldest_age));
        Finding::warning(detail, list)
    } else if oldest_age.is_positive() {
        let age = span(oldest_age);
        Finding::ok(format!("{detail}; the oldest was received {age} ago"))
    } else {
        Finding::ok(detail)
    }
}

/// A canary that is late was delayed between webhook endpoint and worker.
async fn canary(reader: &Reader, stands_still: &str) -> Finding {
    match processing::canary_age(&reader.ledger(), OffsetDateTime::now_utc()).await {
        Ok(Some(age)) if age > CANARY_WITHIN => {
            let age = span(age);
            let detail = format!("the last one was processed {age} ago; one is sent each day");
            Finding::warning(detail, stands_still)
        }
        Ok(Some(age)) => Finding::ok(format!("the last one was processed {} ago", span(age))),
        Ok(None) => Finding::ok("none yet; the first is sent a minute after the start"),
        Err(error) => Finding::error(error.to_string(), stands_still),
    }
}

/// Whether what the providers sent was compared lately with what arrived.
async fn reconciliation(reader: &Reader, option: &str) -> Finding {
    let (ledger, now) = (reader.ledger(), OffsetDateTime::now_utc());
    let mut details = Vec::new();
    for provider in [Provider::DIGICERT, Provider::CLOUDFLARE] {
        let name = profile::of(provider).name;
        let command = format!("certhooks reconcile --provider {name}{option}");
        match reconciliation::last_complete_run(&ledger, provider).await {
            Ok(Some(at)) if now - at > RECONCILED_WITHIN => {
                let detail = format!("{name} was not compared for {}", span(now - at));
                return Finding::warning(
                    format!("{detail}; what was sent may be missing"),
                    command,
                );
            }
            Ok(Some(at)) => {
                details.push(format!("{name} {} ago", span((now - at).max(Duration::ZERO))))
            }
            Ok(None) => {}
            Err(error) => return Finding::error(error.to_string(), command),
        }
    }
    match details.is_empty() {
        true => Finding::ok("none yet; providers with an API key are compared each 15 minutes"),
        false => Finding::ok(format!("compared: {}", details.join(", "))),
    }
}

/// Whether every consumer of `certhooks forward` takes what is delivered.
async fn consumers(reader: &Reader, option: &str) -> Finding {
    let list = format!("certhooks forward list{option}");
    let consumers = match reader.consumers().await {
        Ok(consumers) => consumers,
        Err(error) => return Finding::error(error.to_string(), list),
    };
    let late = OffsetDateTime::now_utc() - HANDED_OVER_WITHIN;
    let is_behind = |status: &ConsumerStatus| status.next.is_some_and(|next| next < late);
    let details = consumers.iter().map(|status| {
        let ConsumerStatus { name, behind, waiting, set_aside, expired, .. } = status;
        let expired = match expired {
            0 => String::new(),
            expired => format!(", {expired} expired before it took them"),
        };
        format!(
            "{name}: {behind} behind, {waiting} waiting for a retry, {set_aside} set aside{expired}"
        )
    });
    let detail = details.collect::<Vec<_>>().join("; ");
    if let Some(behind) = consumers.iter().find(|status| is_behind(status)) {
        let detail = format!("{detail}; {} takes nothing: is its `forward` running?", behind.name);
        return Finding::warning(detail, list);
    }
    if consumers.iter().any(|status| status.set_aside > 0) {
        return Finding::warning(detail, list);
    }
    Finding::ok(if detail.is_empty() { "none".to_owned() } else { detail })
}

async fn dead_letters(reader: &Reader, count: u64, option: &str, log: &str) -> Finding {
    if count == 0 {
        return Finding::ok("none");
    }
    let newest = match reader.dead_letters(0, u32::MAX).await {
        Ok(all) => all.into_iter().next_back(),
        Err(error) => return Finding::error(error.to_string(), log),
    };
    let newest = newest.map_or_else(String::new, |letter| {
        let (kind, reason) = (short(&letter.kind, 80), short(&letter.reason, 120));
        format!(", the newest {kind} of {}: {reason}", envelope::rfc3339(letter.died))
    });
    let detail = format!("{count}{newest}; the log of that time has the details");
    Finding::error(detail, dead_letter_fix(option))
}
