use std::collections::BTreeMap;
use std::io;

use envelope::rfc3339;
use ports::{SecretVersions, WaitingChallenge};
use providers::digicert::admin::{self, ENDPOINT_ERROR, SentEvent, Status, Webhook, classify_list};
use providers::digicert::{CERTIFICATE_EVENTS, DEFAULT_EVENTS, DigicertReceiver, SOURCE_RANGE};
use providers::refusal::Kind;
use providers::sent_secret::SentSecret;
use secrecy::SecretString;
use time::Duration;
use tokio::sync::OnceCell;

use super::args::Access;
use super::logs::EventLog;
use super::session::{PROVIDER, Session};
use crate::client::CallError;
use crate::doctor::{Checks, Context, Finding, Report, compare_endpoint};
use crate::error::CommandError;

/// The number of deliveries that are checked, newest first.
const LATEST: usize = 100;
/// Half of CertCentral's timeout.
const SLOW: Duration = Duration::seconds(5);

/// The webhook that is checked.
struct Subject {
    session: Session,
    webhooks: Vec<Webhook>,
    /// The position of the webhook that sends to this installation, else 0.
    ours: usize,
    /// The outcome of CertCentral's test event, which is sent once.
    test_event: OnceCell<Result<(), CallError>>,
}

const CHECKS: Checks<Subject> = &[
    ("webhook", |context, subject| {
        Box::pin(async { Some(webhook_count(context, &subject.webhooks)) })
    }),
    ("endpoint", |context, subject| {
        Box::pin(async {
            let url = subject.endpoint();
            Some(compare_endpoint(context, PROVIDER, url, subscribe(context, Some(url))))
        })
    }),
    ("status", |context, subject| Box::pin(status(context, subject.webhook()))),
    ("key", |context, subject| Box::pin(key(context, subject.webhook()))),
    ("events", |context, subject| Box::pin(async { Some(events(context, subject.webhook())) })),
    ("instant-issue", |context, subject| {
        Box::pin(async { Some(instant_issue(context, subject.webhook())) })
    }),
    ("chain", |context, subject| Box::pin(async { Some(chain(context, subject.webhook())) })),
    ("deliveries", |context, subject| Box::pin(deliveries(context, subject))),
    ("rights", |_, subject| Box::pin(rights(subject))),
    ("test", |context, subject| Box::pin(test_event(context, subject))),
];

/// Checks the webhook of the CertCentral account, and returns the address that it sends to.
pub(super) async fn check(context: &Context, report: &mut Report) -> io::Result<Option<String>> {
    let access = Access::default_key(context.common().clone(), context.matches.get_flag("eu"));
    let session = match Session::open(&access).await {
        Ok(session) => session,
        Err(error) => {
            let detail = format!("the webhook cannot be checked: {}", error.message());
            let fix = "set DIGICERT_API_KEY, or put `digicert_api_key` into secrets.json";
            report.add(PROVIDER.as_str(), "api-key", Finding::warning(detail, fix))?;
            return Ok(None);
        }
    };
    let webhooks = match session.call(&admin::list(), classify_list).await {
        Ok(webhooks) => webhooks,
        Err(error) => {
            let (check, finding) = refused(error);
            report.add(PROVIDER.as_str(), check, finding)?;
            return Ok(None);
        }
    };
    let accepted = Finding::ok("CertCentral accepts the key and lists webhooks");
    report.add(PROVIDER.as_str(), "api-key", accepted)?;
    if webhooks.is_empty() {
        let none = Finding::error("the account has none", subscribe(context, None));
        report.add(PROVIDER.as_str(), "webhook", none)?;
        return Ok(None);
    }
    let url = context.endpoint_url(PROVIDER);
    let is_ours =
        |webhook: &Webhook| url.as_ref().is_some_and(|url| url.as_str() == webhook.endpoint);
    let ours = webhooks.iter().position(is_ours).unwrap_or(0);
    let subject = Subject { session, webhooks, ours, test_event: OnceCell::new() };
    report.run(PROVIDER.as_str(), CHECKS, context, &subject).await?;
    Ok(Some(subject.endpoint().to_owned()))
}

impl Subject {
    fn webhook(&self) -> &Webhook {
        &self.webhooks[self.ours]
    }

    fn endpoint(&self) -> &str {
        &self.webhook().endpoint
    }

    /// Triggers CertCentral's test event, which needs a key with the right to manage webhooks.
    async fn test_event(&self) -> &Result<(), CallError> {
        let send = async || {
            let webhook = self.webhook();
            let request = admin::test_endpoint(&webhook.endpoint, webhook.secret.as_ref());
            self.session.act(&request).await
        };
        self.test_event.get_or_init(send).await
    }
}

fn refused(error: CallError) -> (&'static str, Finding) {
    let kind = error.refusal().map(|refusal| refusal.kind);
    let (check, fix) = match kind {
        Some(Kind::KeyRefused) => ("api-key", "set DIGICERT_API_KEY to a valid key"),
        Some(Kind::Forbidden) => ("rights", "correct what the message names, or try again later"),
        Some(_) => ("api", "correct what the message names, or try again later"),
        None => ("api", "check DIGICERT_API_BASE, HTTPS_PROXY and the network"),
    };
    (check, Finding::error(CommandError::from(error).message(), fix))
}

/// A command that fixes something at the same account.
fn command(context: &Context, arguments: &str) -> String {
    let eu = if context.matches.get_flag("eu") { " --eu" } else { "" };
    format!("{}{eu}", context.command(&format!("digicert webhook {arguments}")))
}

fn subscribe(context: &Context, endpoint: Option<&str>) -> String {
    let eu = if context.matches.get_flag("eu") { " --eu" } else { "" };
    context.subscribe(&format!("digicert webhook subscribe{eu}"), PROVIDER, endpoint)
}

/// The command that sets the current key of this installation at CertCentral.
fn set_key(context: &Context, endpoint: &str) -> String {
    match context.installation.is_stack() {
        true => subscribe(context, Some(endpoint)),
        false => command(context, "update --secret-from-state"),
    }
}

fn webhook_count(context: &Context, webhooks: &[Webhook]) -> Finding {
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id.to_string()).collect();
    match webhooks {
        [one] => Finding::ok(format!("{}, the only one of the account", one.id)),
        _ => Finding::warning(
            format!("{}: an account should have only one; delete the others", ids.join(", ")),
            command(context, "list"),
        ),
    }
}

async fn status(context: &Context, webhook: &Webhook) -> Option<Finding> {
    let endpoint = &webhook.endpoint;
    Some(match &webhook.status {
        Status::Active => Finding::ok("active"),
        Status::Inactive => {
            let activate = command(context, "activate");
            Finding::error("inactive: CertCentral sends nothing", activate)
        }
        Status::Pending => {
            let id = webhook.id.to_string();
            let tokens = context.installation.challenges().await.unwrap_or_default();
            let ours = tokens.iter().filter(|token: &&WaitingChallenge| token.webhook_id == id);
            let detail = match ours.map(|token| token.expires).max() {
                Some(expires) => {
                    format!("pending; its token is stored until {}", rfc3339(expires))
                }
                None => "pending: its challenge is not completed".to_owned(),
            };
            Finding::error(detail, subscribe(context, Some(endpoint)))
        }
        Status::Other(word) => Finding::warning(
            format!("{word}, which CertCentral does not document"),
            command(context, "show"),
        ),
    })
}

/// Whether the key that CertCentral sends is the one that the endpoint accepts.
async fn key(context: &Context, webhook: &Webhook) -> Option<Finding> {
    let versions = match context.installation.webhook_secret(PROVIDER).await {
        Ok(versions) => versions,
        Err(error) => {
            let fix =
                "name the folder that holds the key with --state, or set DIGICERT_WEBHOOK_KEY";
            return Some(Finding::warning(format!("the key cannot be compared: {error}"), fix));
        }
    };
    let fix = set_key(context, &webhook.endpoint);
    let Some(sent) = &webhook.secret else {
        let detail = "CertCentral sends no key, so the endpoint refuses every event with 401";
        return Some(Finding::error(detail, fix));
    };
    let is_sent = |stored: &Option<SecretString>| {
        let stored =
            stored.as_ref().and_then(|stored| SentSecret::of::<DigicertReceiver>(stored).ok());
        stored.is_some_and(|key| key.matches(sent))
    };
    let SecretVersions { current, pending, previous, .. } = &versions;
    Some(if is_sent(current) && pending.is_none() {
        Finding::ok("CertCentral sends the current key")
    } else if is_sent(current) {
        Finding::warning("a rotation was interrupted", command(context, "rotate"))
    } else if is_sent(pending) {
        Finding::warning("CertCentral sends the pending key", command(context, "rotate"))
    } else if is_sent(previous) {
        let detail = "CertCentral sends the previous key, which is refused 24 h after the rotation";
        Finding::error(detail, fix)
    } else {
        let detail = "CertCentral sends an unknown key, which the endpoint refuses with 401";
        Finding::error(detail, fix)
    })
}

fn events(context: &Context, webhook: &Webhook) -> Finding {
    let is_missing = |event: &&str| !webhook.events.iter().any(|have| have == event);
    let missing: Vec<&str> = DEFAULT_EVENTS.iter().copied().filter(is_missing).collect();
    let detail = format!("not subscribed to {}", missing.join(", "));
    let subscribe = subscribe(context, Some(&webhook.endpoint));
    if missing.is_empty() {
        Finding::ok("subscribed to every documented event")
    } else if missing.iter().any(|event| CERTIFICATE_EVENTS.contains(event)) {
        Finding::error(detail, subscribe)
    } else {
        Finding::warning(detail, subscribe)
    }
}

fn instant_issue(context: &Context, webhook: &Webhook) -> Finding {
    match webhook.settings.instant_issue {
        Some(true) => {
            Finding::ok("on: certificates that are issued instantly send certificate_issued too")
        }
        _ => Finding::error(
            "off: certificates that are issued instantly send no event",
            command(context, "update --instant-issue on"),
        ),
    }
}

fn chain(context: &Context, webhook: &Webhook) -> Finding {
    let lacking = match (webhook.settings.chain, webhook.settings.instant_chain) {
        (Some(true), Some(true)) => return Finding::ok("certificate_issued holds the chain"),
        (Some(true), _) => "events of instant issuance",
        _ => "certificate_issued",
    };
    let detail = format!("is not in {lacking}, each of which then needs a download");
    Finding::warning(detail, command(context, "update --chain on --instant-chain on"))
}

/// Checks the newest deliveries in the event log.
async fn deliveries(context: &Context, subject: &Subject) -> Option<Finding> {
    let mut log = EventLog::of(&subject.session, subject.webhook().id);
    Some(match log.newest(LATEST).await {
        Ok(entries) => newest_deliveries(context, subject.endpoint(), &entries),
        Err(error) => {
            let error = CommandError::from(error);
            let detail = format!("the event log cannot be read: {}", error.message());
            Finding::warning(detail, command(context, "logs"))
        }
    })
}

/// `entries` are newest first. A failed test event loses nothing, and a rotation sends some to see them refused.
fn newest_deliveries(context: &Context, endpoint: &str, entries: &[SentEvent]) -> Finding {
    let Some(newest) = entries.first() else {
        return Finding::ok("none yet");
    };
    let entries: Vec<_> = entries.iter().filter(|entry| !entry.is_test()).collect();
    let count = entries.len();
    let at = newest.sent.map_or_else(|| "an unknown time".to_owned(), rfc3339);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_failed) {
        let code = entry.code.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
        *codes.entry(code).or_default() += 1;
    }
    let failed: Vec<_> = codes.iter().map(|(code, count)| format!("{code} ×{count}")).collect();
    let detail = format!("failures among the last {count}: {}", failed.join(", "));
    let slowest = entries.iter().filter_map(|entry| Some(entry.answered? - entry.sent?)).max();
    if newest.is_failed && !newest.is_test() {
        let detail = format!("the newest, {} at {at}, failed; {detail}", newest.event);
        Finding::error(detail, delivery_fix(context, endpoint, newest.code))
    } else if !codes.is_empty() {
        let fix =
            format!("{} && {}", command(context, "logs --failed"), context.command("reconcile"));
        let since = if newest.is_failed { "" } else { "; the newest request succeeded, at " };
        let at = if newest.is_failed { "" } else { &at };
        Finding::warning(format!("{detail}{since}{at}"), fix)
    } else if slowest.is_some_and(|slowest| slowest > SLOW) {
        let detail =
            format!("the last {count} succeeded, but one took over {SLOW} of the limit of 10 s");
        Finding::warning(detail, "give the function more memory, or reduce the latency to it")
    } else {
        Finding::ok(format!("the last {count} succeeded; the newest request, at {at}"))
    }
}

/// How deliveries succeed again, and how what was missed is fetched.
fn delivery_fix(context: &Context, endpoint: &str, code: Option<u16>) -> String {
    let reconcile = context.command("reconcile");
    let command = match code {
        Some(401) => set_key(context, endpoint),
        Some(404 | 405) => subscribe(context, Some(endpoint)),
        _ => {
            let by_hand = match code {
                Some(403) => format!("allow {SOURCE_RANGE} (SOURCE_IP_ALLOWLIST, firewall)"),
                Some(_) => context.installation.log_hint(),
                None => "correct what the checks dns, tls and answer report".to_owned(),
            };
            return format!("{by_hand}, and fetch what was missed with `{reconcile}`");
        }
    };
    format!("{command} && {reconcile}")
}

async fn rights(subject: &Subject) -> Option<Finding> {
    match subject.test_event().await {
        Err(error) if is_forbidden(error) => Some(Finding::warning(
            "the API key may view webhooks but not manage them, which is enough for the worker",
            "use an administrator's key for subscribe, rotate and DIGICERT_AUTO_VERIFY",
        )),
        Err(error) if !error.is(ENDPOINT_ERROR) => None,
        _ => Some(Finding::ok("the API key may manage webhooks")),
    }
}

async fn test_event(context: &Context, subject: &Subject) -> Option<Finding> {
    match subject.test_event().await {
        Ok(()) => Some(Finding::ok("CertCentral's test event was answered 200")),
        Err(error) if is_forbidden(error) => None,
        Err(error) if error.is(ENDPOINT_ERROR) => {
            let fix = format!(
                "correct what the checks key, dns, tls and answer report; allow {SOURCE_RANGE}"
            );
            Some(Finding::error("CertCentral's test event was not answered 200", fix))
        }
        Err(error) => {
            let detail = format!("CertCentral sent no test event: {error}");
            Some(Finding::warning(detail, command(context, "test")))
        }
    }
}

fn is_forbidden(error: &CallError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.kind == Kind::Forbidden)
}
