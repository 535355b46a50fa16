use std::collections::BTreeMap;

use envelope::rfc3339;
use providers::digicert::webhook::{LogEntry, Webhook};
use time::Duration;

use crate::digicert::{Account, EventLog};
use crate::doctor::context::Context;
use crate::doctor::digicert::PROVIDER;
use crate::doctor::report::Finding;
use crate::doctor::source_range::DIGICERT_RANGE;
use crate::error::CommandError;

const CHECK: &str = "deliveries";
/// The number of deliveries that are checked, newest first.
const LATEST: usize = 100;
/// Half of CertCentral's timeout.
const SLOW: Duration = Duration::seconds(5);

/// Checks the newest deliveries in the event log.
pub(super) async fn check(context: &Context, account: &Account, webhook: &Webhook) -> Finding {
    match EventLog::of(account, webhook.id).newest(LATEST).await {
        Ok(entries) => finding(context, &entries),
        Err(error) => Finding::warning(
            CHECK,
            format!("the event log cannot be read: {}", CommandError::from(error).message()),
            context.command("digicert webhook logs"),
        ),
    }
}

/// `entries` are newest first.
fn finding(context: &Context, entries: &[LogEntry]) -> Finding {
    let Some(newest) = entries.first() else {
        return Finding::ok(CHECK, "none yet");
    };
    let count = entries.len();
    let at = newest.sent.map_or_else(|| "an unknown time".to_owned(), rfc3339);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_failed()) {
        let code = entry.code.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
        *codes.entry(code).or_default() += 1;
    }
    let failed: Vec<_> = codes.iter().map(|(code, count)| format!("{code} ×{count}")).collect();
    let detail = format!("failures among the last {count}: {}", failed.join(", "));
    let slowest = entries.iter().filter_map(|entry| Some(entry.answered? - entry.sent?)).max();
    if newest.is_failed() {
        let detail = format!("the newest, {} at {at}, failed; {detail}", newest.event);
        Finding::error(CHECK, detail, fix(context, newest.code))
    } else if !codes.is_empty() {
        let fix = context.command("digicert webhook logs --failed");
        Finding::warning(CHECK, format!("{detail}; the newest, at {at}, succeeded"), fix)
    } else if slowest.is_some_and(|slowest| slowest > SLOW) {
        let detail =
            format!("the last {count} succeeded, but one took over {SLOW} of the limit of 10 s");
        Finding::warning(
            CHECK,
            detail,
            "give the function more memory, or reduce the latency to it",
        )
    } else {
        Finding::ok(CHECK, format!("the last {count} succeeded, the newest at {at}"))
    }
}

fn fix(context: &Context, code: Option<u16>) -> String {
    match code {
        Some(401) => context.set_key_command("URL"),
        Some(403) => format!("allow {DIGICERT_RANGE} (SOURCE_IP_ALLOWLIST, firewall)"),
        Some(404 | 405) => context.subscribe_command(PROVIDER, None),
        Some(_) => context.log_hint(),
        None => "correct what the checks dns, tls and answer report".to_owned(),
    }
}
