use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use boot::Environment;
use envelope::Envelope;
use ports::{
    Archive, CertificateState, Claim, DeliveryRecord, EventsQueue, Item, Items, Ledger, Ordering,
    Outgoing, PortError, PortResult,
};
use processing::{Ports, Settings, Worker};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::archive::Source;
use crate::credentials::{ApiKey, check_no_api_key};
use crate::error::CommandResult;
use crate::installation::Installation;
use crate::local::Providers;
use crate::replay::target::Target;

/// The number of workers that the replay counts itself among, so that it gets a fifth of the workers'
/// share. Workers use four fifths of an API budget, so the replay stays within the fifth that is
/// reserved for the operator and the reconciler.
const WORKERS: u32 = 5;

/// The worker with ports that change nothing but the target.
#[derive(Clone)]
pub(crate) struct Replayer {
    pub(crate) worker: Arc<Worker<RetryQueue, Target, ReplayLedger, Source, ApiKey>>,
    pub(crate) retry_queue: RetryQueue,
    pub(crate) source: Source,
}

/// The APIs of the providers, with the operator's own keys, since only the worker of a stack may read its
/// keys. Nothing is simulated here: the call-back of a provider without a key is disabled.
///
/// # Errors
/// There is an API key, and the events are of a simulated state folder.
pub(crate) async fn providers(
    state: &Path,
    environment: &Environment,
    installation: &dyn Installation,
) -> CommandResult<Providers> {
    if !installation.is_stack() && embedded::is_simulated(state) {
        check_no_api_key(state, environment).await?;
    }
    Ok(Providers::real(state, environment).await?)
}

pub(crate) fn replayer(
    providers: &Providers,
    source: Source,
    target: Target,
) -> CommandResult<Replayer> {
    let settings = Settings { concurrency: WORKERS, ..providers.settings.clone() };
    let retry_queue = RetryQueue::default();
    let ports = Ports {
        events: retry_queue.clone(),
        deliveries: target,
        ledger: ReplayLedger,
        archive: source.clone(),
    };
    let worker = Arc::new(Worker::new(&settings, ports, providers.keys.clone())?);
    Ok(Replayer { worker, retry_queue, source })
}

/// The events queue of a replay. Retries stay in this process, since the real events queue is for new
/// events.
#[derive(Clone, Default)]
pub(crate) struct RetryQueue(Arc<Mutex<HashMap<String, Vec<ScheduledRetry>>>>);

/// The next attempt for an event, after a delay.
pub(crate) struct ScheduledRetry {
    pub(crate) envelope: Envelope,
    pub(crate) delay: Duration,
}

impl RetryQueue {
    /// Removes the retry that the worker requeued for an event.
    pub(crate) fn take(&self, id: &str) -> Option<ScheduledRetry> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.get_mut(id)?.pop();
        waiting.retain(|_, next| !next.is_empty());
        next
    }
}

impl EventsQueue for RetryQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        for Outgoing { body, delay, .. } in messages {
            let unreadable = |_| PortError("a requeued event is not a valid envelope".to_owned());
            let envelope: Envelope = serde_json::from_str(&body).map_err(unreadable)?;
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting
                .entry(envelope.id.clone())
                .or_default()
                .push(ScheduledRetry { envelope, delay });
        }
        Ok(())
    }
}

impl Archive for Source {
    /// Stores what was offloaded, since it is too large for a queue. The envelope is in the archive already,
    /// so it is not stored again.
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        if !key.starts_with("deliveries/") {
            return Ok(String::new());
        }
        self.archive.put(key, body).await
    }
}

/// The ledger of a replay: it lets every event be delivered again, and records nothing.
#[derive(Clone, Copy)]
pub(crate) struct ReplayLedger;

impl Items for ReplayLedger {
    async fn put_item(&self, _: Item) -> PortResult<()> {
        Ok(())
    }

    async fn delete_item(&self, _: &str, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn items(&self, _: &str, _: Option<(&str, &str)>, _: u32) -> PortResult<Vec<Item>> {
        Ok(Vec::new())
    }
}

impl Ledger for ReplayLedger {
    async fn claim(&self, _: &str, _: &str, _: OffsetDateTime) -> PortResult<Claim> {
        Ok(Claim::Granted)
    }

    /// A replayed event is marked as such, so its order is not compared with that of later events.
    async fn advance(&self, _: CertificateState) -> PortResult<Ordering> {
        Ok(Ordering::Current)
    }

    async fn record(&self, _: DeliveryRecord) -> PortResult<()> {
        Ok(())
    }

    async fn release(&self, _: &str, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn forget(&self, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn known(&self, _: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        Ok(HashMap::new())
    }

    /// Does nothing, since the archive holds no challenge.
    async fn keep_challenge(&self, _: &str, _: &SecretString, _: OffsetDateTime) -> PortResult<()> {
        Ok(())
    }

    /// As [`keep_challenge`](Self::keep_challenge).
    async fn delete_challenge(&self, _: &str, _: OffsetDateTime) -> PortResult<()> {
        Ok(())
    }
}
