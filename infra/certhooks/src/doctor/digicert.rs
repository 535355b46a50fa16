use std::collections::BTreeMap;

use embedded::Reader;
use envelope::{Provider, rfc3339};
use http::{HeaderMap, HeaderValue};
use ports::SecretVersions;
use providers::digicert::webhook::{self, DEFAULT_EVENTS, Key, LogEntry, Refusal, Status, Webhook};
use providers::digicert::{DigicertDoor, api};
use providers::door::Door;
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use crate::client::Trouble;
use crate::digicert::{Account, Book, base, key_source};
use crate::doctor::here::DIGICERT_RANGE;
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::doctor::{Side, endpoint};
use crate::fault::{Fault, Outcome};

const PROVIDER: Provider = Provider::Digicert;
/// What is about certificates; the others are notices.
const CERTIFICATE_EVENTS: [&str; 3] =
    ["certificate_issued", "certificate_revoked", "order_rejected"];
/// So many of the newest deliveries are judged.
const LATEST: usize = 100;
/// Half of what CertCentral waits.
const SLOW: Duration = Duration::seconds(5);

/// CertCentral's side.
pub(crate) async fn look(look: &Look) -> Side {
    let account = match open(look).await {
        Ok(account) => account,
        Err(fault) => {
            let mend = "set DIGICERT_API_KEY, or put `digicert_api_key` into secrets.json";
            let findings = vec![Finding::warning("api-key", fault.text(), mend)];
            return Side { findings, endpoint: None };
        }
    };
    let webhooks = match account.call(&webhook::list(), webhook::judge_list).await {
        Ok(webhooks) => webhooks,
        Err(trouble) => return Side { findings: vec![refused(trouble)], endpoint: None },
    };
    let mut findings = vec![Finding::ok("api-key", "CertCentral takes it, and shows webhooks")];
    let Some(webhook) = ours(look, &webhooks) else {
        let subscribe = look.subscribe(PROVIDER, None);
        findings.push(Finding::wrong("webhook", "the account has none", subscribe));
        return Side { findings, endpoint: None };
    };
    findings.push(one(&webhooks));
    findings.push(endpoint(look, PROVIDER, webhook.endpoint.as_str()));
    findings.push(status(look, webhook).await);
    findings.push(key(look, webhook).await);
    findings.extend(told(look, webhook));
    findings.push(deliveries(look, &account, webhook).await);
    findings.extend(tested(look, &account, webhook).await);
    Side { findings, endpoint: Some(webhook.endpoint.as_str().to_owned()) }
}

async fn open(look: &Look) -> Outcome<Account> {
    let source = key_source(&look.state, None);
    let stored = source.read(&look.environment, &look.secrets).await?;
    let key = api::key(&stored)
        .ok_or_else(|| Fault::usage("the API key is empty, or was never filled in"))?;
    Account::new(base(None, look.arguments.eu, &look.environment)?, key)
}

fn refused(trouble: Trouble<Refusal>) -> Finding {
    let check = match &trouble {
        Trouble::Refused(Refusal::KeyRefused) => "api-key",
        Trouble::Refused(Refusal::MissingPermission | Refusal::Denied { .. }) => "rights",
        _ => "api",
    };
    let mend = match &trouble {
        Trouble::Refused(Refusal::KeyRefused) => "set DIGICERT_API_KEY to a valid key",
        Trouble::Refused(_) => "as said",
        Trouble::Unanswered(_) => "see DIGICERT_API_BASE, HTTPS_PROXY and the network",
    };
    Finding::wrong(check, Fault::from(trouble).text(), mend)
}

/// The one that sends to our door, else the first.
fn ours<'a>(look: &Look, webhooks: &'a [Webhook]) -> Option<&'a Webhook> {
    let door = look.door(PROVIDER);
    let is_ours = |webhook: &&Webhook| {
        door.as_ref().is_some_and(|door| door.as_str() == webhook.endpoint.as_str())
    };
    webhooks.iter().find(is_ours).or(webhooks.first())
}

fn one(webhooks: &[Webhook]) -> Finding {
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id.to_string()).collect();
    match webhooks {
        [one] => Finding::ok("webhook", format!("{}, the only one of the account", one.id)),
        _ => Finding::warning(
            "webhook",
            format!("{}: an account should have one", ids.join(", ")),
            "certhooks digicert webhook list, and delete the others",
        ),
    }
}

async fn status(look: &Look, webhook: &Webhook) -> Finding {
    const CHECK: &str = "status";
    let endpoint = webhook.endpoint.as_str();
    match &webhook.status {
        Status::Active => Finding::ok(CHECK, "active"),
        Status::Inactive => Finding::wrong(
            CHECK,
            "inactive: CertCentral sends nothing",
            look.command("digicert webhook activate"),
        ),
        Status::Pending => {
            let waiting = waiting(look, webhook.id).await;
            let detail = match waiting {
                Some(expires) => {
                    format!("pending; a token waits here until {}", rfc3339(expires))
                }
                None => "pending: its challenge is not completed".to_owned(),
            };
            Finding::wrong(CHECK, detail, look.subscribe(PROVIDER, Some(endpoint)))
        }
        Status::Other(word) => Finding::warning(
            CHECK,
            format!("{word}, which is not documented"),
            look.command("digicert webhook show"),
        ),
    }
}

/// Until when a token for it can be used.
async fn waiting(look: &Look, id: u64) -> Option<OffsetDateTime> {
    let reader = Reader::open(&look.state).ok()?;
    let id = id.to_string();
    let waiting = reader.challenges().await.ok()?;
    waiting.iter().filter(|one| one.webhook_id == id).map(|one| one.expires).max()
}

/// Whether what CertCentral sends is what the door takes.
async fn key(look: &Look, webhook: &Webhook) -> Finding {
    const CHECK: &str = "key";
    let versions = match look.versions(PROVIDER).await {
        Ok(versions) => versions,
        Err(error) => {
            let mend = "name the folder with the key with --state, or set DIGICERT_WEBHOOK_KEY";
            return Finding::warning(CHECK, format!("nothing to compare with: {error}"), mend);
        }
    };
    let mend = look.command("digicert webhook update --secret-from-state");
    let Some(there) = &webhook.secret else {
        let detail = "CertCentral sends none, so the door refuses every event with 401";
        return Finding::wrong(CHECK, detail, mend);
    };
    let rotate = || look.command("digicert webhook rotate");
    let SecretVersions { current, pending, previous, .. } = versions;
    if takes(current.as_ref(), there) {
        match pending {
            None => Finding::ok(CHECK, "CertCentral sends the key that is current here"),
            Some(_) => Finding::warning(CHECK, "a rotation was stopped half way", rotate()),
        }
    } else if takes(pending.as_ref(), there) {
        Finding::warning(CHECK, "CertCentral sends the key that is pending here", rotate())
    } else if takes(previous.as_ref(), there) {
        let detail = "CertCentral sends the previous key, which is refused 24 h after the rotation";
        Finding::wrong(CHECK, detail, mend)
    } else {
        let detail = "CertCentral sends a key that is not known here: the door refuses it with 401";
        Finding::wrong(CHECK, detail, mend)
    }
}

/// The door's own comparison, in constant time.
fn takes(stored: Option<&SecretString>, there: &Key) -> bool {
    let secret = stored.and_then(|stored| DigicertDoor::secret(stored).ok());
    let Ok(mut value) = HeaderValue::from_str(there.expose()) else { return false };
    value.set_sensitive(true);
    let headers = HeaderMap::from_iter([(http::HeaderName::from_static("x-webhook-key"), value)]);
    secret.is_some_and(|secret| DigicertDoor::verify(&headers, b"", &secret))
}

/// What it sends: events and settings.
fn told(look: &Look, webhook: &Webhook) -> Vec<Finding> {
    let subscribe = || look.subscribe(PROVIDER, Some(webhook.endpoint.as_str()));
    let missing: Vec<&str> = DEFAULT_EVENTS
        .iter()
        .copied()
        .filter(|event| !webhook.events.iter().any(|have| have == event))
        .collect();
    let detail = format!("not subscribed to {}", missing.join(", "));
    let events = if missing.is_empty() {
        Finding::ok("events", "subscribed to every event of CertCentral's pages")
    } else if missing.iter().any(|event| CERTIFICATE_EVENTS.contains(event)) {
        Finding::wrong("events", detail, subscribe())
    } else {
        Finding::warning("events", detail, subscribe())
    };
    let settings = &webhook.settings;
    let instant = match settings.instant_issue {
        Some(true) => Finding::ok("instant-issue", "certificate_issued comes for these too"),
        _ => Finding::wrong(
            "instant-issue",
            "off: no event comes for certificates that are issued instantly",
            look.command("digicert webhook update --instant-issue on"),
        ),
    };
    let chain = match (settings.chain, settings.instant_chain) {
        (Some(true), Some(true)) => Finding::ok("chain", "comes with certificate_issued"),
        (chain, _) => Finding::warning(
            "chain",
            format!(
                "does not come with {}: each of these costs a download",
                if chain == Some(true) { "instant issuance" } else { "certificate_issued" }
            ),
            look.command("digicert webhook update --chain on --instant-chain on"),
        ),
    };
    vec![events, instant, chain]
}

async fn deliveries(look: &Look, account: &Account, webhook: &Webhook) -> Finding {
    match Book::of(account, webhook.id).newest(LATEST).await {
        Ok(entries) => delivered(look, &entries),
        Err(trouble) => Finding::warning(
            "deliveries",
            format!("the event log cannot be read: {}", Fault::from(trouble).text()),
            look.command("digicert webhook logs"),
        ),
    }
}

/// `entries`: newest first.
fn delivered(look: &Look, entries: &[LogEntry]) -> Finding {
    const CHECK: &str = "deliveries";
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
        Some(401) => look.command("digicert webhook update --secret-from-state"),
        Some(403) => format!("let {DIGICERT_RANGE} reach the door (SOURCE_IP_ALLOWLIST, firewall)"),
        Some(404 | 405) => look.subscribe(PROVIDER, None),
        Some(_) => "the log of the door says why".to_owned(),
        None => "see the lines dns, tls and answer".to_owned(),
    }
}

/// CertCentral's own test event, which only a key with the right to manage webhooks may ask for.
async fn tested(look: &Look, account: &Account, webhook: &Webhook) -> Vec<Finding> {
    let rights = Finding::ok("rights", "the API key may manage webhooks");
    let request = webhook::test_endpoint(&webhook.endpoint, webhook.secret.as_ref());
    match account.act(&request).await {
        Ok(()) => vec![rights, Finding::ok("test", "CertCentral's test event was answered 200")],
        Err(Trouble::Refused(Refusal::MissingPermission | Refusal::Denied { .. })) => {
            vec![Finding::warning(
                "rights",
                "the API key may look at webhooks and not manage them, which is enough for the worker",
                "an administrator's key for subscribe, rotate and DIGICERT_AUTO_VERIFY",
            )]
        }
        Err(trouble) if trouble.is(&Refusal::EndpointError) => {
            let detail = "CertCentral's test event was not answered 200";
            let mend = format!(
                "what the lines key, dns, tls and answer say; let {DIGICERT_RANGE} reach the door"
            );
            vec![rights, Finding::wrong("test", detail, mend)]
        }
        Err(trouble) => vec![Finding::warning(
            "test",
            format!("CertCentral sent no test event: {}", Fault::from(trouble).text()),
            look.command("digicert webhook test"),
        )],
    }
}
