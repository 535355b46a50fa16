use envelope::rfc3339;
use http::{HeaderMap, HeaderName, HeaderValue};
use ports::SecretVersions;
use providers::digicert::webhook::{Key, Status, Webhook};
use providers::digicert::{CERTIFICATE_EVENTS, DEFAULT_EVENTS, DigicertReceiver};
use providers::receiver::WebhookReceiver;
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::doctor::digicert::PROVIDER;
use crate::doctor::look::Look;
use crate::doctor::report::Finding;

pub(super) async fn status(look: &Look, webhook: &Webhook) -> Finding {
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
    let id = id.to_string();
    let waiting = look.tokens().await.ok()?;
    waiting.iter().filter(|one| one.webhook_id == id).map(|one| one.expires).max()
}

/// Whether what CertCentral sends is what the door takes.
pub(super) async fn key(look: &Look, webhook: &Webhook) -> Finding {
    const CHECK: &str = "key";
    let versions = match look.versions(PROVIDER).await {
        Ok(versions) => versions,
        Err(error) => {
            let mend = "name the folder with the key with --state, or set DIGICERT_WEBHOOK_KEY";
            return Finding::warning(CHECK, format!("nothing to compare with: {error}"), mend);
        }
    };
    let mend = look.key_command(webhook.endpoint.as_str());
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
    let secret = stored.and_then(|stored| DigicertReceiver::secret(stored).ok());
    let Ok(mut value) = HeaderValue::from_str(there.expose()) else { return false };
    value.set_sensitive(true);
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-webhook-key"), value)]);
    secret.is_some_and(|secret| DigicertReceiver::verify(&headers, b"", &secret))
}

/// What it sends: events and settings.
pub(super) fn told(look: &Look, webhook: &Webhook) -> Vec<Finding> {
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
