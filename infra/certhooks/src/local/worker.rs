use std::sync::Arc;
use std::time::{Duration, Instant};

use embedded::{LocalArchive, LocalDeliveries, LocalEvents, LocalLedger, Receipt, Received, State};
use processing::{Ports, QueueMessage, Worker};
use tokio::sync::{Semaphore, watch};

use crate::credentials::ApiKey;
use crate::local::providers::Providers;

/// The maximum number of messages that are processed at a time. Most of their time is spent waiting
/// for a provider.
const CONCURRENCY: usize = 384;
/// How many messages are received together where so many end at about the same time, and how long the worker
/// waits for the others when the first has ended. A receive costs nearly the same for one as for all.
const RECEIVED_TOGETHER: u32 = 64;
const GATHERING: Duration = Duration::from_millis(5);
/// The pause after an error of the queue itself, so that a full disk makes no busy loop.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// The delay of a message that met a shortage of this machine.
const SHORTAGE_DELAY: Duration = Duration::from_secs(10);

/// How long one receipt of a message may work, if its event needs many calls: well below the visibility
/// timeout of the queue.
const DEADLINE: Duration = Duration::from_secs(60);
/// The interval between two looks at an API key that was refused.
const KEY_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) type LocalWorker =
    Worker<LocalEvents, LocalDeliveries, LocalLedger, LocalArchive, ApiKey>;

pub(crate) fn build(state: &State, providers: &Providers) -> anyhow::Result<Arc<LocalWorker>> {
    let ports = Ports {
        events: state.events(),
        deliveries: state.deliveries(),
        ledger: state.ledger(),
        archive: state.archive(),
    };
    Ok(Arc::new(Worker::new(&providers.settings, ports, providers.keys.clone())?))
}

/// Processes messages until `stopped` turns true, then waits for those in progress.
pub(crate) async fn run(
    worker: Arc<LocalWorker>,
    events: LocalEvents,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let releasing = tokio::spawn(release_held(Arc::clone(&worker), stopped.clone()));
    let stopping = stopped.clone();
    while !*stopped.borrow_and_update() {
        tokio::select! {
            () = receive(&worker, &events, &permits, &stopping) => {}
            _ = stopped.changed() => {}
        }
    }
    // When every permit is back, every message has ended.
    let all = u32::try_from(CONCURRENCY).unwrap_or(u32::MAX);
    let _all_ended = permits.acquire_many(all).await;
    releasing.abort();
}

/// Looks for another API key where one was refused, so that what waits for it is tried at once.
async fn release_held(worker: Arc<LocalWorker>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow_and_update() {
        tokio::select! {
            () = tokio::time::sleep(KEY_INTERVAL) => {}
            _ = stopped.changed() => return,
        }
        if let Err(error) = worker.release_held().await {
            tracing::error!(%error, "lookup of a replaced API key failed");
        }
    }
}

/// Receives as many messages as there are permits, and processes each in a task of its own.
async fn receive(
    worker: &Arc<LocalWorker>,
    events: &LocalEvents,
    permits: &Arc<Semaphore>,
    stopped: &watch::Receiver<bool>,
) {
    let Ok(first) = permits.acquire().await else { return };
    let others = permits.acquire_many(RECEIVED_TOGETHER - 1);
    drop(tokio::time::timeout(GATHERING, others).await);
    let received = match events.receive(permits.available_permits() + 1).await {
        Ok(received) => received,
        Err(error) => {
            tracing::error!(%error, "failed to receive messages");
            return tokio::time::sleep(ERROR_PAUSE).await;
        }
    };
    drop(first);
    if received.is_empty() {
        if let Err(error) = events.wait_for_message().await {
            tracing::error!(%error, "failed to wait for messages");
            tokio::time::sleep(ERROR_PAUSE).await;
        }
        return;
    }
    for message in received {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return };
        let (worker, events, stopped) = (Arc::clone(worker), events.clone(), stopped.clone());
        tokio::spawn(async move {
            process(&worker, &events, message, &stopped).await;
            drop(permit);
        });
    }
}

/// A message that is not acknowledged becomes visible again after its visibility timeout, and its receive
/// counts, unless this machine was short of something.
async fn process(
    worker: &Arc<LocalWorker>,
    events: &LocalEvents,
    message: Received,
    stopped: &watch::Receiver<bool>,
) {
    let Received { receipt, body, .. } = message;
    let deadline = Some(Instant::now() + DEADLINE);
    let record = QueueMessage { id: None, receipt: receipt.to_string(), body, deadline };
    let shortages = embedded::shortages();
    let disposition = worker.process_caught(&record).await;
    if disposition.is_done() {
        acknowledge(events, receipt).await;
    } else if embedded::shortages() != shortages {
        give_back(events, receipt, stopped).await;
    }
}

async fn acknowledge(events: &LocalEvents, receipt: Receipt) {
    match events.acknowledge(receipt).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("processing took longer than the visibility timeout"),
        Err(error) => {
            tracing::error!(%error, "failed to acknowledge; the redelivery is found as a duplicate");
        }
    }
}

/// As long as nothing can be written, the message stays with this process, since nothing can be done with
/// others either. The next process does not count it (`recover` of crate `embedded`).
async fn give_back(events: &LocalEvents, receipt: Receipt, stopped: &watch::Receiver<bool>) {
    while let Err(error) = events.give_back(receipt, SHORTAGE_DELAY).await {
        tracing::error!(%error, "failed to return a message to the queue");
        if *stopped.borrow() {
            return;
        }
        tokio::time::sleep(ERROR_PAUSE).await;
    }
}
