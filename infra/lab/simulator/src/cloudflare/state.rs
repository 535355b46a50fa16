use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::history::Sent;
use super::resources::Resource;
use crate::shared::Shared;
use crate::webhook_sender::Target;

/// The format of times in responses and documents.
pub(super) const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Cloudflare with its accounts.
pub(crate) struct CloudflareState {
    pub(super) shared: Arc<Shared>,
    alerting: Mutex<Alerting>,
}

/// The destinations and policies of all accounts.
#[derive(Default)]
pub(super) struct Alerting {
    pub(super) destinations: Vec<Destination>,
    pub(super) policies: Vec<Policy>,
    /// Oldest first.
    pub(super) history: Vec<Sent>,
}

#[derive(Clone)]
pub(super) struct Destination {
    pub(super) account: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) secret: Option<SecretString>,
    pub(super) created: OffsetDateTime,
    pub(super) last_success: Option<OffsetDateTime>,
    pub(super) last_failure: Option<OffsetDateTime>,
}

#[derive(Clone)]
pub(super) struct Policy {
    pub(super) account: String,
    pub(super) id: String,
    pub(super) created: OffsetDateTime,
    pub(super) modified: OffsetDateTime,
    /// The members that requests have set, which are checked.
    pub(super) members: Map<String, Value>,
}

impl CloudflareState {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, alerting: Mutex::default() }
    }

    /// Locks destinations and policies. The guard must not be held across an await.
    pub(super) fn alerting(&self) -> MutexGuard<'_, Alerting> {
        self.alerting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores whether the destination with this id responded with success.
    pub(super) fn store_result(&self, id: &str, is_success: bool) {
        let mut alerting = self.alerting();
        let destination = alerting.destinations.iter_mut().find(|destination| destination.id == id);
        if let Some(Destination { last_success, last_failure, .. }) = destination {
            let last = if is_success { last_success } else { last_failure };
            *last = Some(self.shared.clock.now());
        }
    }
}

impl Resource for Destination {
    fn all(alerting: &mut Alerting) -> &mut Vec<Self> {
        &mut alerting.destinations
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn id(&self) -> &str {
        &self.id
    }

    /// Whether the provider refuses to delete a destination that a policy uses is not documented. It is refused
    /// here, so that tests notice a client that deletes it before it changes the policy.
    fn use_of(alerting: &mut Alerting, account: &str, id: &str) -> Option<String> {
        let uses = |policy: &&Policy| {
            policy.account == account && policy.webhooks().any(|webhook| webhook == id)
        };
        let policy = alerting.policies.iter().find(uses)?;
        Some(format!("The webhook is in use by the policy {}", policy.id))
    }

    /// "Secrets are not returned in any API response body."
    fn document(&self) -> anyhow::Result<Value> {
        let optional = |at: Option<OffsetDateTime>| at.map(|at| at.format(DATE_TIME)).transpose();
        Ok(json!({
            "id": self.id,
            "name": self.name,
            "url": self.target.text(),
            "type": "generic",
            "created_at": self.created.format(DATE_TIME)?,
            "last_success": optional(self.last_success)?,
            "last_failure": optional(self.last_failure)?,
        }))
    }
}

impl Resource for Policy {
    fn all(alerting: &mut Alerting) -> &mut Vec<Self> {
        &mut alerting.policies
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn document(&self) -> anyhow::Result<Value> {
        let mut document = Value::Object(self.members.clone());
        document["id"] = json!(self.id);
        document["created"] = json!(self.created.format(DATE_TIME)?);
        document["modified"] = json!(self.modified.format(DATE_TIME)?);
        Ok(document)
    }
}

impl Policy {
    pub(super) fn is_enabled(&self) -> bool {
        self.members.get("enabled") == Some(&Value::Bool(true))
    }

    pub(super) fn text(&self, member: &str) -> &str {
        self.members.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The ids of its destinations.
    pub(super) fn webhooks(&self) -> impl Iterator<Item = &str> {
        webhooks(self.members.get("mechanisms"))
    }
}

pub(super) fn webhooks(mechanisms: Option<&Value>) -> impl Iterator<Item = &str> {
    let listed = mechanisms.and_then(|mechanisms| mechanisms.get("webhooks")?.as_array());
    listed.into_iter().flatten().filter_map(|webhook| webhook.get("id")?.as_str())
}
