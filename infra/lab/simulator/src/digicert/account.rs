use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event_log::EventLog;
use super::refusal::Refusal;
use super::status_changes::StatusChanges;
use super::webhook::Webhook;

/// The id of the first webhook, as in the documented samples.
const FIRST_WEBHOOK: u64 = 12_345;
/// Nine digits, as real ones have.
const FIRST_ORDER: u64 = 470_000_001;

/// What CertCentral keeps of the one simulated account.
pub(crate) struct Account {
    kept: Mutex<Kept>,
    next_order: AtomicU64,
}

pub(super) struct Kept {
    pub(super) webhook: Option<Webhook>,
    next_webhook: u64,
    pub(super) log: EventLog,
    pub(super) changes: StatusChanges,
}

impl Default for Account {
    fn default() -> Self {
        let (log, changes) = (EventLog::default(), StatusChanges::default());
        let kept = Kept { webhook: None, next_webhook: FIRST_WEBHOOK, log, changes };
        Self { kept: Mutex::new(kept), next_order: AtomicU64::new(FIRST_ORDER) }
    }
}

impl Account {
    /// Never held over something that waits.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An order that was not there before.
    pub(super) fn next_order(&self) -> u64 {
        self.next_order.fetch_add(1, Ordering::Relaxed)
    }

    /// Does `act` with the webhook of that id, as a path gives it.
    pub(super) fn with<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Webhook) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        act(self.kept().find(id)?)
    }
}

impl Kept {
    pub(super) fn find(&mut self, id: &str) -> Result<&mut Webhook, Refusal> {
        let webhook = self.webhook.as_mut().filter(|webhook| id.parse() == Ok(webhook.id));
        webhook.ok_or(Refusal::UnknownWebhook)
    }

    /// Ids are not used again.
    pub(super) fn next_id(&mut self) -> u64 {
        let id = self.next_webhook;
        self.next_webhook = id.saturating_add(1);
        id
    }
}
