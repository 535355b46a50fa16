use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ports::{EventsQueue, Outgoing, PortResult};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::clock::{Clock, moment, span};
use crate::database::Database;
use crate::fair_queue::{self, Demand};
use crate::queue;

/// Between two looks at the table (three look-ups in an index, nothing written): another process may have
/// sent something, and the wall clock may be set while we sleep.
const LOOK: Duration = Duration::from_millis(500);

/// The events queue: the door's end is [`EventsQueue`], the worker's end are the methods here.
#[derive(Clone)]
pub struct LocalEvents {
    database: Database,
    clock: Clock,
    visibility: Duration,
    max_receives: u32,
    changed: Arc<Notify>,
    turns: Arc<AtomicUsize>,
}

/// A message, ours until its visibility timeout ends. To leave it for later, do nothing with it.
pub struct Received {
    pub receipt: Receipt,
    /// The envelope as JSON.
    pub body: String,
    /// This time included.
    pub receive_count: u32,
    pub sent: OffsetDateTime,
}

/// Stands for one receive; void as soon as the message is received again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    pub(crate) id: i64,
    pub(crate) generation: i64,
}

/// Unique among all receives of a state folder, so it may be the owner of a ledger claim.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.generation)
    }
}

impl LocalEvents {
    pub(crate) fn new(
        database: Database,
        clock: Clock,
        visibility: Duration,
        max_receives: u32,
    ) -> Self {
        Self {
            database,
            clock,
            visibility,
            max_receives,
            changed: Arc::new(Notify::new()),
            turns: Arc::default(),
        }
    }

    /// At most `most` visible messages, oldest first but in turns between providers and groups;
    /// empty when there is none. A message received too often becomes a dead letter instead.
    pub async fn receive(&self, most: usize) -> PortResult<Vec<Received>> {
        let demand = Demand {
            most,
            visibility: span(self.visibility),
            max_receives: self.max_receives,
            first: self.turns.fetch_add(1, Ordering::Relaxed),
        };
        self.database.call(move |transaction| fair_queue::receive(transaction, &demand)).await
    }

    /// Removes the message. `false`: the receipt is void, somebody else has the message or had it.
    pub async fn acknowledge(&self, receipt: Receipt) -> PortResult<bool> {
        self.database.call(move |transaction| queue::acknowledge(transaction, receipt)).await
    }

    /// Invisible for so long from now; zero gives it back at once. `false`: the receipt is void.
    pub async fn extend(&self, receipt: Receipt, visibility: Duration) -> PortResult<bool> {
        let extended = self
            .database
            .call(move |transaction| queue::extend(transaction, receipt, span(visibility)))
            .await?;
        self.changed.notify_waiters();
        Ok(extended)
    }

    /// Returns as soon as a message may be visible: at once when one is sent here, when a delay or a
    /// visibility timeout ends, and half a second after another process sent one. May be dropped at
    /// any time.
    pub async fn wait_for_message(&self) -> PortResult<()> {
        loop {
            // Made before the look at the table, so that nothing sent in between is missed.
            let changed = self.changed.notified();
            let wait = match self.next_visible_at().await? {
                Some(at) => Duration::try_from(at - (self.clock)()).unwrap_or_default(),
                None => LOOK,
            };
            if wait.is_zero() {
                return Ok(());
            }
            // Either end leads to the next look.
            let _ = tokio::time::timeout(wait.min(LOOK), changed).await;
        }
    }

    /// When the next message is or becomes visible, in the past if it is already.
    pub async fn next_visible_at(&self) -> PortResult<Option<OffsetDateTime>> {
        Ok(self.database.call(queue::next_visible).await?.map(moment))
    }
}

impl EventsQueue for LocalEvents {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        self.database
            .call(move |transaction| {
                messages.iter().try_for_each(|message| queue::send(transaction, message))
            })
            .await?;
        self.changed.notify_waiters();
        Ok(())
    }
}
