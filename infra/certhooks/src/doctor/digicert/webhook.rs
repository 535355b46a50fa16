use envelope::rfc3339;
use ports::SecretVersions;
use providers::digicert::webhook::{Key, Status, Webhook};
use providers::digicert::{CERTIFICATE_EVENTS, DEFAULT_EVENTS};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::doctor::context::Context;
use crate::doctor::digicert::PROVIDER;
use crate::doctor::report::Finding;

pub(super) async fn status(context: &Context, webhook: &Webhook) -> Finding {
    const CHECK: &str = "status";
    let endpoint = webhook.endpoint.as_str();
    match &webhook.status {
        Status::Active => Finding::ok(CHECK, "active"),
        Status::Inactive => Finding::error(
            CHECK,
            "inactive: CertCentral sends nothing",
            context.command("digicert webhook activate"),
        ),
        Status::Pending => {
            let detail = match token_expiry(context, webhook.id).await {
                Some(expires) => {
                    format!("pending; its token is stored until {}", rfc3339(expires))
                }
                None => "pending: its challenge is not completed".to_owned(),
            };
            Finding::error(CHECK, detail, context.subscribe_command(PROVIDER, Some(endpoint)))
        }
        Status::Other(word) => Finding::warning(
            CHECK,
            format!("{word}, which CertCentral does not document"),
            context.command("digicert webhook show"),
        ),
    }
}

/// When the stored token of a webhook expires; `None` where no token is stored.
async fn token_expiry(context: &Context, id: u64) -> Option<OffsetDateTime> {
    let id = id.to_string();
    let tokens = context.tokens().await.ok()?;
    tokens.iter().filter(|one| one.webhook_id == id).map(|one| one.expires).max()
}

/// Whether the key that CertCentral sends is the one that the endpoint accepts.
pub(super) async fn key(context: &Context, webhook: &Webhook) -> Finding {
    const CHECK: &str = "key";
    let versions = match context.secret_versions(PROVIDER).await {
        Ok(versions) => versions,
        Err(error) => {
            let fix =
                "name the folder that holds the key with --state, or set DIGICERT_WEBHOOK_KEY";
            return Finding::warning(CHECK, format!("the key cannot be compared: {error}"), fix);
        }
    };
    let fix = context.set_key_command(webhook.endpoint.as_str());
    let Some(sent) = &webhook.secret else {
        let detail = "CertCentral sends no key, so the endpoint refuses every event with 401";
        return Finding::error(CHECK, detail, fix);
    };
    let rotate = || context.command("digicert webhook rotate");
    let SecretVersions { current, pending, previous, .. } = versions;
    if matches(current.as_ref(), sent) {
        match pending {
            None => Finding::ok(CHECK, "CertCentral sends the current key"),
            Some(_) => Finding::warning(CHECK, "a rotation was interrupted", rotate()),
        }
    } else if matches(pending.as_ref(), sent) {
        Finding::warning(CHECK, "CertCentral sends the pending key", rotate())
    } else if matches(previous.as_ref(), sent) {
        let detail = "CertCentral sends the previous key, which is refused 24 h after the rotation";
        Finding::error(CHECK, detail, fix)
    } else {
        let detail = "CertCentral sends an unknown key, which the endpoint refuses with 401";
        Finding::error(CHECK, detail, fix)
    }
}

/// In constant time.
fn matches(stored: Option<&SecretString>, sent: &Key) -> bool {
    stored.and_then(|stored| Key::of(stored).ok()).is_some_and(|key| key.matches(sent))
}

/// Checks the subscribed events and the settings.
pub(super) fn configuration(context: &Context, webhook: &Webhook) -> Vec<Finding> {
    let subscribe = || context.subscribe_command(PROVIDER, Some(webhook.endpoint.as_str()));
    let missing: Vec<&str> = DEFAULT_EVENTS
        .iter()
        .copied()
        .filter(|event| !webhook.events.iter().any(|have| have == event))
        .collect();
    let detail = format!("not subscribed to {}", missing.join(", "));
    let events = if missing.is_empty() {
        Finding::ok("events", "subscribed to every documented event")
    } else if missing.iter().any(|event| CERTIFICATE_EVENTS.contains(event)) {
        Finding::error("events", detail, subscribe())
    } else {
        Finding::warning("events", detail, subscribe())
    };
    let settings = &webhook.settings;
    let instant = match settings.instant_issue {
        Some(true) => Finding::ok(
            "instant-issue",
            "on: certificates that are issued instantly send certificate_issued too",
        ),
        _ => Finding::error(
            "instant-issue",
            "off: certificates that are issued instantly send no event",
            context.command("digicert webhook update --instant-issue on"),
        ),
    };
    let chain = match (settings.chain, settings.instant_chain) {
        (Some(true), Some(true)) => Finding::ok("chain", "certificate_issued holds the chain"),
        (chain, _) => Finding::warning(
            "chain",
            format!(
                "is not in {}, each of which then needs a download",
                if chain == Some(true) {
                    "events of instant issuance"
                } else {
                    "certificate_issued"
                }
            ),
            context.command("digicert webhook update --chain on --instant-chain on"),
        ),
    };
    vec![events, instant, chain]
}
