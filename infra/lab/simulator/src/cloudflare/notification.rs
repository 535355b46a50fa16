use anyhow::Result;
use axum::http::HeaderName;
use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::custom_hostname::{hostname, is_id};
use super::event::{CloudflareEvent, CloudflareSent, inner};
use super::history::Sent;
use super::state::{CloudflareState, Destination, Policy};
use crate::random;
use crate::webhook_sender::{Target, is_success};

/// The header with the secret of a destination.
const AUTH: HeaderName = HeaderName::from_static("cf-webhook-auth");

/// The test message to a destination, as captured from the live API, with its line end.
pub(super) const TEST_MESSAGE: &str = concat!(
    r#"{"text":"Hello World! This is a test message sent from https://cloudflare.com. "#,
    r#"If you can see this, your webhook is configured correctly."}"#,
    "\n"
);

impl CloudflareEvent {
    /// Notifies every destination of the account's enabled policies for this alert, one after the other.
    ///
    /// # Errors
    /// The event is not valid.
    pub(crate) async fn send(self, state: &CloudflareState) -> Result<Vec<CloudflareSent>> {
        let inner = self.inner(state)?;
        let mut sent = Vec::new();
        for (policy, destination) in self.recipients(state) {
            let body = notification(state, &policy, &destination, &inner)?.to_string();
            let secret = destination.secret.as_ref();
            let code = post(state, &destination.target, secret, body).await;
            state.store_result(&destination.id, is_success(code));
            state.alerting().history.push(Sent {
                account: policy.account.clone(),
                policy: policy.id.clone(),
                destination: destination.id.clone(),
                document: inner.clone(),
                at: state.shared.clock.now(),
            });
            sent.push(CloudflareSent {
                policy_id: policy.id,
                destination_id: destination.id,
                code,
            });
        }
        Ok(sent)
    }

    fn inner(&self, state: &CloudflareState) -> Result<Value> {
        if let Some(document) = &self.document {
            return Ok(document.clone());
        }
        let id = match &self.hostname_id {
            Some(id) if is_id(id) => id.clone(),
            Some(id) => anyhow::bail!("hostname_id: {id:?} is not an id"),
            None => random::hex::<16>()?,
        };
        inner(self, &id, &hostname(&id), state.shared.clock.now())
    }

    /// The policies that apply to this event, with their destinations.
    fn recipients(&self, state: &CloudflareState) -> Vec<(Policy, Destination)> {
        let mut alerting = state.alerting();
        let policies = alerting.policies.clone();
        let applies = |policy: &Policy| {
            policy.account == self.account
                && policy.is_enabled()
                && policy.text("alert_type") == CUSTOM_HOSTNAMES_ALERT
        };
        let mut recipients = Vec::new();
        for policy in policies.into_iter().filter(applies) {
            for id in policy.webhooks() {
                let destination = alerting.find::<Destination>(&self.account, id).cloned();
                recipients.extend(destination.map(|destination| (policy.clone(), destination)));
            }
        }
        recipients
    }
}

/// POSTs to a destination, with the secret in clear, as the real API does.
pub(super) async fn post(
    state: &CloudflareState,
    target: &Target,
    secret: Option<&SecretString>,
    json: String,
) -> Option<u16> {
    state.shared.webhook_sender.post(target, secret.map(|secret| (AUTH, secret)), json).await
}

/// The envelope of "Webhook payload schema".
fn notification(
    state: &CloudflareState,
    policy: &Policy,
    destination: &Destination,
    inner: &Value,
) -> Result<Value> {
    let event = inner.pointer("/metadata/event/type").and_then(Value::as_str).unwrap_or_default();
    let hostname = inner.pointer("/data/hostname").and_then(Value::as_str).unwrap_or_default();
    Ok(json!({
        "name": destination.name,
        "text": format!("{event} {hostname}"),
        "data": inner,
        "ts": state.shared.clock.now().unix_timestamp(),
        "account_id": policy.account,
        "policy_id": policy.id,
        "policy_name": policy.text("name"),
        "alert_type": CUSTOM_HOSTNAMES_ALERT,
        "alert_correlation_id": random::hex::<16>()?,
        "alert_event": "ALERT_STATE_EVENT_START",
    }))
}
