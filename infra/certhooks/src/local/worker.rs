use std::sync::Arc;
use std::time::Duration;

use embedded::{LocalArchive, LocalEvents, LocalLedger, Received, State};
use processing::{Disposition, Ports, QueueMessage, Worker};
use tokio::sync::{Semaphore, watch};

use crate::keys::ApiKey;
use crate::local::Providers;
use crate::local::passages::{Passages, Watched};

/// Records under way at a time. Most of their time is spent waiting for a provider.
const SIDE_BY_SIDE: usize = 64;
/// After a fault of the queue itself, so that a full disk makes no hot loop.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) type LocalWorker = Worker<LocalEvents, Watched, LocalLedger, LocalArchive, ApiKey>;

/// The worker's end of the events queue, and who watches it.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) events: LocalEvents,
    pub(crate) passages: Passages,
}

pub(crate) fn of(
    state: &State,
    deliveries: Watched,
    providers: &Providers,
) -> anyhow::Result<Arc<LocalWorker>> {
    let ports = Ports {
        events: state.events(),
        deliveries,
        ledger: state.ledger(),
        archive: state.archive(),
    };
    Ok(Arc::new(Worker::new(&providers.settings, ports, providers.keys.clone())?))
}

/// Takes messages until `stopped` turns true, then waits for those under way.
pub(crate) async fn run(
    worker: Arc<LocalWorker>,
    queue: Queue,
    mut stopped: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    while !*stopped.borrow_and_update() {
        tokio::select! {
            () = take(&worker, &queue, &room) => {}
            _ = stopped.changed() => {}
        }
    }
    // Every permit back means that every record has ended.
    let everyone = u32::try_from(SIDE_BY_SIDE).unwrap_or(u32::MAX);
    let _all_ended = room.acquire_many(everyone).await;
}

/// As many messages as there is room for, each on its way in a task of its own.
async fn take(worker: &Arc<LocalWorker>, queue: &Queue, room: &Arc<Semaphore>) {
    let Ok(first) = Arc::clone(room).acquire_owned().await else { return };
    let received = match queue.events.receive(room.available_permits() + 1).await {
        Ok(received) => received,
        Err(error) => {
            tracing::error!("{error}");
            return tokio::time::sleep(PAUSE).await;
        }
    };
    drop(first);
    if received.is_empty() {
        if let Err(error) = queue.events.wait_for_message().await {
            tracing::error!("{error}");
            tokio::time::sleep(PAUSE).await;
        }
        return;
    }
    for message in received {
        let Ok(permit) = Arc::clone(room).acquire_owned().await else { return };
        let (worker, queue) = (Arc::clone(worker), queue.clone());
        tokio::spawn(async move {
            process(&worker, &queue, message).await;
            drop(permit);
        });
    }
}

/// A message that is left becomes visible again after its visibility timeout.
async fn process(worker: &Arc<LocalWorker>, queue: &Queue, message: Received) {
    let Received { receipt, body, .. } = message;
    let passing = queue.passages.passing(&body);
    let record = QueueMessage { receipt: receipt.to_string(), body, deadline: None };
    let fates = worker.process_batch(vec![record]).await;
    let disposition = fates.first().copied().unwrap_or(Disposition::Unacknowledged);
    queue.passages.ended(passing, disposition);
    if !disposition.is_done() {
        return;
    }
    match queue.events.acknowledge(receipt).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("a message took longer than its visibility timeout"),
        Err(error) => tracing::error!("{error}; the message comes again and is known then"),
    }
}
