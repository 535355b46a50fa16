use std::sync::Arc;

use anyhow::Result;
use axum::http::HeaderName;
use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alerting::{Destination, Policy};
use super::{document, hostname_of, is_id};
use crate::courier::{Answered, Target};
use crate::random;
use crate::world::World;

const AUTH: HeaderName = HeaderName::from_static("cf-webhook-auth");

/// The live test of a destination, as it was captured, with its line end.
pub(super) const HELLO: &str = concat!(
    r#"{"text":"Hello World! This is a test message sent from https://cloudflare.com. "#,
    r#"If you can see this, your webhook is configured correctly."}"#,
    "\n"
);

/// Something that happens to the certificate of a custom hostname.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CloudflareEvent {
    pub account: String,
    /// The type, with or without `ssl.custom_hostname_certificate.` before it.
    pub event: String,
    #[serde(default)]
    pub zone: Option<String>,
    /// The id of the custom hostname; without it, of one that is new.
    #[serde(default)]
    pub hostname_id: Option<String>,
    /// The inner document itself, in place of one made from the rest.
    #[serde(default)]
    pub document: Option<Value>,
}

impl CloudflareEvent {
    pub fn new(account: impl Into<String>, event: impl Into<String>) -> Self {
        let (account, event) = (account.into(), event.into());
        Self { account, event, zone: None, hostname_id: None, document: None }
    }

    #[must_use]
    pub fn of_hostname(mut self, id: impl Into<String>) -> Self {
        self.hostname_id = Some(id.into());
        self
    }
}

/// One notification.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CloudflareSent {
    pub policy_id: String,
    pub destination_id: String,
    /// `None`: no answer in time.
    pub code: Option<u16>,
}

impl CloudflareEvent {
    /// Notifies every destination of the account's enabled policies for this alert, in turn. An
    /// error says what is wrong with the event.
    pub(crate) async fn happen(self, world: &Arc<World>) -> Result<Vec<CloudflareSent>> {
        let inner = self.inner(world)?;
        let mut sent = Vec::new();
        for (policy, destination) in self.told(world) {
            let body = notification(world, &policy, &destination, &inner)?.to_string();
            let secret = destination.secret.as_ref();
            let answered = deliver(world, &destination.target, secret, body).await;
            let is_success = answered.as_ref().is_some_and(Answered::is_success);
            world.alerting.note(&destination.id, is_success, world.clock.now());
            let code = answered.map(|answered| answered.code);
            sent.push(CloudflareSent {
                policy_id: policy.id,
                destination_id: destination.id,
                code,
            });
        }
        Ok(sent)
    }

    fn inner(&self, world: &World) -> Result<Value> {
        if let Some(document) = &self.document {
            return Ok(document.clone());
        }
        let id = match &self.hostname_id {
            Some(id) if is_id(id) => id.clone(),
            Some(id) => anyhow::bail!("hostname_id: {id:?} is no id"),
            None => random::hex::<16>()?,
        };
        let hostname = world.hostname(&id).unwrap_or_else(|| hostname_of(&id));
        document::inner(self, &id, &hostname, world.clock.now())
    }

    fn told(&self, world: &World) -> Vec<(Policy, Destination)> {
        let mut kept = world.alerting.kept();
        let policies = kept.policies.clone();
        let is_told = |policy: &Policy| {
            policy.account == self.account
                && policy.is_enabled()
                && policy.text("alert_type") == CUSTOM_HOSTNAMES_ALERT
        };
        let mut told = Vec::new();
        for policy in policies.into_iter().filter(is_told) {
            for id in policy.webhooks() {
                let destination = kept.destination(&self.account, id).cloned();
                told.extend(destination.map(|destination| (policy.clone(), destination)));
            }
        }
        told
    }
}

/// POSTs to a destination, with the secret in clear as the real one does.
pub(super) async fn deliver(
    world: &World,
    target: &Target,
    secret: Option<&SecretString>,
    json: String,
) -> Option<Answered> {
    world.courier.post(target, secret.map(|secret| (AUTH, secret)), json).await
}

/// The envelope of "Webhook payload schema".
fn notification(
    world: &World,
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
        "ts": world.clock.now().unix_timestamp(),
        "account_id": policy.account,
        "policy_id": policy.id,
        "policy_name": policy.text("name"),
        "alert_type": CUSTOM_HOSTNAMES_ALERT,
        "alert_correlation_id": random::hex::<16>()?,
        "alert_event": "ALERT_STATE_EVENT_START",
    }))
}
