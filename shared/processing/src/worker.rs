use std::sync::Arc;
use std::time::Duration;

use certificate::TrustAnchors;
use envelope::Provider;
use ports::{Archive, Deliveries, EventsQueue, Ledger, PortResult, SecretSource, SystemClock};
use time::OffsetDateTime;

use crate::api::Apis;
use crate::client::MAX_RATE_LIMIT_WAIT;
use crate::{Clock, Keys, Settings, telemetry};

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
    /// How long a call may take, with the wait for the rate limit.
    pub(crate) longest_call: Duration,
    pub(crate) deliver_canary: bool,
    pub(crate) trust_anchors: Arc<TrustAnchors>,
    pub(crate) ct_grace: time::Duration,
    clock: Arc<dyn Clock>,
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, D, L, A>, keys: Keys<S>) -> PortResult<Self> {
        Self::with_clock(settings, ports, keys, Arc::new(SystemClock))
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
        let apis = Apis::new(settings, keys, &clock)?;
        let Settings { lease, deliver_canary, ct_grace, .. } = *settings;
        let trust_anchors = Arc::clone(&settings.trust_anchors);
        let longest_call = settings.callback_timeout + MAX_RATE_LIMIT_WAIT;
        Ok(Self {
            ports,
            apis,
            lease,
            longest_call,
            deliver_canary,
            trust_anchors,
            ct_grace,
            clock,
        })
    }

    /// Makes the events due that wait for an API key, where it was replaced. To be called every few
    /// seconds, where the queue can do that ([`EventsQueue::make_due`]).
    ///
    /// # Errors
    /// A key cannot be read, or the queue cannot be changed.
    pub async fn release_held(&self) -> PortResult<()> {
        for provider in self.apis.with_replaced_keys().await? {
            self.ports.events.make_due(provider).await?;
            telemetry::released(provider);
        }
        Ok(())
    }

    /// Whether the circuit breaker of each provider is open.
    pub fn breakers(&self) -> impl Iterator<Item = (Provider, bool)> {
        self.apis.breakers()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}
