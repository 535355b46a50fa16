use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::event_log::EventLog;
use super::refusal::Refusal;
use super::status_changes::StatusChanges;
use super::webhook::Webhook;
use crate::shared::Shared;

/// The id of the first webhook, as in the documented samples.
const FIRST_WEBHOOK: u64 = 12_345;
/// The id of the first order. It has nine digits, as real ones have.
const FIRST_ORDER: u64 = 470_000_001;

/// CertCentral with its one simulated account.
pub(crate) struct DigicertState {
    pub(super) shared: Arc<Shared>,
    account: Mutex<Account>,
    next_order: AtomicU64,
}

/// What CertCentral stores about the account.
pub(super) struct Account {
    pub(super) webhook: Option<Webhook>,
    next_webhook: u64,
    pub(super) log: EventLog,
    pub(super) changes: StatusChanges,
}

impl DigicertState {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (log, changes) = (EventLog::default(), StatusChanges::default());
        let account = Account { webhook: None, next_webhook: FIRST_WEBHOOK, log, changes };
        let next_order = AtomicU64::new(FIRST_ORDER);
        Self { shared, account: Mutex::new(account), next_order }
    }

    /// Locks the account. The guard must not be held across an await.
    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of a new order.
    pub(super) fn next_order(&self) -> u64 {
        self.next_order.fetch_add(1, Ordering::Relaxed)
    }
}

impl Account {
    /// An account has one webhook at most.
    pub(super) fn ensure_no_webhook(&self) -> Result<(), Refusal> {
        match self.webhook {
            Some(_) => Err(Refusal::CONFIGURED_ALREADY),
            None => Ok(()),
        }
    }

    /// The webhook with this id, which comes from a path.
    pub(super) fn find(&mut self, id: &str) -> Result<&mut Webhook, Refusal> {
        let webhook = self.webhook.as_mut().filter(|webhook| id.parse() == Ok(webhook.id));
        webhook.ok_or(Refusal::UNKNOWN_WEBHOOK)
    }

    /// The id of a new webhook. Ids are not used twice.
    pub(super) fn next_id(&mut self) -> u64 {
        let id = self.next_webhook;
        self.next_webhook = id.saturating_add(1);
        id
    }
}
