use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::provider::Settings;
use crate::requests::Requests;
use crate::webhook_sender::WebhookSender;

/// What all providers have in common.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) settings: Settings,
    pub(crate) authority: Authority,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) clock: Clock,
    pub(crate) webhook_sender: WebhookSender,
    delay_millis: AtomicU64,
    running: watch::Receiver<()>,
}

impl Shared {
    /// `running` changes when the simulator stops.
    pub(crate) fn new(
        address: SocketAddr,
        settings: Settings,
        clock: Arc<dyn ports::Clock>,
        running: watch::Receiver<()>,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            address,
            authority: Authority::new(Arc::clone(&clock))?,
            faults: Faults::default(),
            requests: Requests::new(),
            clock: Clock::new(clock),
            webhook_sender: WebhookSender::new(running.clone()),
            delay_millis: AtomicU64::new(0),
            running,
            settings,
        }))
    }

    /// The delay before each provider's response.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn delay_by(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_millis.store(millis, Ordering::Relaxed);
    }

    /// Completes when the simulator stops.
    pub(crate) async fn stopped(&self) {
        // Nothing is ever sent on the channel. This returns, with an error, when the sender is dropped.
        let _ = self.running.clone().changed().await;
    }
}
