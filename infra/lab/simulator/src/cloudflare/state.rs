use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::history::Sent;
use crate::responses::format_time;
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
        let at = self.shared.clock.now();
        let mut alerting = self.alerting();
        let destination = alerting.destinations.iter_mut().find(|destination| destination.id == id);
        if let Some(destination) = destination {
            destination.store_result(is_success, at);
        }
    }
}

impl Alerting {
    pub(super) fn destination(&mut self, account: &str, id: &str) -> Option<&mut Destination> {
        let is_same =
            |destination: &&mut Destination| destination.account == account && destination.id == id;
        self.destinations.iter_mut().find(is_same)
    }

    pub(super) fn policy(&mut self, account: &str, id: &str) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|policy| policy.account == account && policy.id == id)
    }

    /// The first policy that sends to this destination.
    pub(super) fn policy_using(&self, destination: &Destination) -> Option<&Policy> {
        let uses = |policy: &&Policy| {
            policy.account == destination.account
                && policy.webhooks().any(|id| id == destination.id)
        };
        self.policies.iter().find(uses)
    }
}

impl Destination {
    pub(super) fn store_result(&mut self, is_success: bool, at: OffsetDateTime) {
        let last = if is_success { &mut self.last_success } else { &mut self.last_failure };
        *last = Some(at);
    }

    /// "Secrets are not returned in any API response body."
    pub(super) fn document(&self) -> Result<Value, time::error::Format> {
        let optional =
            |at: Option<OffsetDateTime>| at.map(|at| format_time(at, DATE_TIME)).transpose();
        Ok(json!({
            "id": self.id,
            "name": self.name,
            "url": self.target.text(),
            "type": "generic",
            "created_at": format_time(self.created, DATE_TIME)?,
            "last_success": optional(self.last_success)?,
            "last_failure": optional(self.last_failure)?,
        }))
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

    pub(super) fn document(&self) -> Result<Value, time::error::Format> {
        let mut document = self.members.clone();
        document.insert("id".to_owned(), json!(self.id));
        document.insert("created".to_owned(), json!(format_time(self.created, DATE_TIME)?));
        document.insert("modified".to_owned(), json!(format_time(self.modified, DATE_TIME)?));
        Ok(Value::Object(document))
    }
}

pub(super) fn webhooks(mechanisms: Option<&Value>) -> impl Iterator<Item = &str> {
    let listed = mechanisms.and_then(|mechanisms| mechanisms.get("webhooks")?.as_array());
    listed.into_iter().flatten().filter_map(|webhook| webhook.get("id")?.as_str())
}
