use std::collections::BTreeMap;

use envelope::rfc3339;
use providers::digicert::webhook::{LogEntry, Webhook};
use time::Duration;

use crate::digicert::{Account, EventLog};
use crate::doctor::digicert::PROVIDER;
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::doctor::source::DIGICERT_RANGE;
use crate::fault::Fault;

const CHECK: &str = "deliveries";
/// So many of the newest deliveries are judged.
const LATEST: usize = 100;
/// Half of what CertCentral waits.
const SLOW: Duration = Duration::seconds(5);

pub(super) async fn look(look: &Look, account: &Account, webhook: &Webhook) -> Finding {
    match EventLog::of(account, webhook.id).newest(LATEST).await {
        Ok(entries) => delivered(look, &entries),
        Err(trouble) => Finding::warning(
            CHECK,
            format!("the event log cannot be read: {}", Fault::from(trouble).text()),
            look.command("digicert webhook logs"),
        ),
    }
}

/// `entries`: newest first.
fn delivered(look: &Look, entries: &[LogEntry]) -> Finding {
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
    let detail = format!("of the last {count} failed: {}", failed.join(", "));
    let slowest = entries.iter().filter_map(|entry| Some(entry.answered? - entry.sent?)).max();
    if newest.is_failed() {
        let detail = format!("the newest, {} at {at}, failed; {detail}", newest.event);
        Finding::wrong(CHECK, detail, remedy(look, newest.code))
    } else if !codes.is_empty() {
        let mend = look.command("digicert webhook logs --failed");
        Finding::warning(CHECK, format!("{detail}; the newest at {at} did not"), mend)
    } else if slowest.is_some_and(|slowest| slowest > SLOW) {
        let detail = format!("the last {count} were taken, but one took over {SLOW} of 10 s");
        Finding::warning(CHECK, detail, "more memory for the function, or a shorter way to it")
    } else {
        Finding::ok(CHECK, format!("the last {count} were taken, the newest at {at}"))
    }
}

fn remedy(look: &Look, code: Option<u16>) -> String {
    match code {
        Some(401) => look.key_command("URL"),
        Some(403) => format!("let {DIGICERT_RANGE} reach the door (SOURCE_IP_ALLOWLIST, firewall)"),
        Some(404 | 405) => look.subscribe(PROVIDER, None),
        Some(_) => look.log(),
        None => "see the lines dns, tls and answer".to_owned(),
    }
}
