use std::sync::Arc;
use std::time::{Duration, Instant};

use envelope::Envelope;
use ports::{Archive, Deliveries, EventsQueue, Ledger, PortError, PortResult, SecretSource};
use providers::interpretation::Interpretation;
use time::OffsetDateTime;

use crate::apis::Apis;
use crate::clock::System;
use crate::compose::Redacted;
use crate::{Clock, Keys, Settings};

/// A message received from the events queue.
#[derive(Clone, Debug)]
pub struct QueueMessage {
    /// Distinguishes this receipt of the message from every other; it owns the claim.
    pub receipt: String,
    pub body: String,
    /// When the worker must have finished with the message; `None` for no limit.
    pub deadline: Option<Instant>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Disposition {
    /// A challenge: its token was stored for the operator, or used (`DIGICERT_AUTO_VERIFY`).
    ChallengeStored,
    Delivered,
    /// There was nothing to deliver: it was delivered before, or the challenge had expired.
    Duplicate,
    /// A failure on our side: the message stays on the queue, and its receive count decides.
    Unacknowledged,
    /// Sent to the queue again for later: the provider cannot answer now, or another worker has
    /// claimed the event.
    Requeued,
}

impl Disposition {
    /// Whether the message may be deleted from the queue.
    pub fn is_done(self) -> bool {
        self != Self::Unacknowledged
    }
}

/// The services that a worker uses.
pub struct Ports<Q, D, L, A> {
    pub events: Q,
    pub deliveries: D,
    pub ledger: L,
    pub archive: A,
}

pub struct Worker<Q, D, L, A, S> {
    pub(crate) ports: Ports<Q, D, L, A>,
    pub(crate) apis: Apis<S>,
    /// How long a claim lasts.
    pub(crate) lease: Duration,
    pub(crate) auto_verify: bool,
    pub(crate) deliver_canary: bool,
    clock: Arc<dyn Clock>,
}

/// An event in progress.
pub(crate) struct Event<'a> {
    /// The envelope as it was received, which is what a retry sends to the queue again.
    pub(crate) envelope: &'a Envelope,
    pub(crate) redacted: &'a Redacted,
    pub(crate) interpretation: &'a Interpretation,
    pub(crate) receipt: &'a str,
    pub(crate) deadline: Option<Instant>,
}

impl Event<'_> {
    /// Whether a long search must stop here, to continue in a later receipt.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, D, L, A>, keys: Keys<S>) -> PortResult<Self> {
        Self::with_clock(settings, ports, keys, Arc::new(System))
    }

    /// A worker that takes its time from `clock`.
    ///
    /// # Errors
    /// As [`Worker::new`].
    pub fn with_clock(
        settings: &Settings,
        ports: Ports<Q, D, L, A>,
        keys: Keys<S>,
        clock: Arc<dyn Clock>,
    ) -> PortResult<Self> {
        let apis = Apis::new(settings, keys, &clock)
            .map_err(|error| PortError(format!("the HTTP client did not start: {error}")))?;
        let Settings { lease, digicert_auto_verify: auto_verify, deliver_canary, .. } = *settings;
        Ok(Self { ports, apis, lease, auto_verify, deliver_canary, clock })
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}
