use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use envelope::Provider;
use ports::{Clock, EventsQueue, Outgoing, PortResult};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::clock::{duration_micros, from_micros};
use crate::database::Database;
use crate::fair_queue::{self, NewDeadLetter, ReceiveRequest};
use crate::queue;
use crate::receipt::{Receipt, Received};
use crate::transaction::Transaction;

/// Interval between two queries of the table (three look-ups in an index, no write) while waiting:
/// another process may have sent a message, and the wall clock may be changed meanwhile.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The events queue. Webhook endpoints use it through [`EventsQueue`], the worker through its
/// methods.
#[derive(Clone)]
pub struct LocalEvents {
    database: Database,
    clock: Arc<dyn Clock>,
    visibility_timeout: Duration,
    max_receives: u32,
    /// Signals that a message was sent or its visibility changed.
    changed: Arc<Notify>,
    /// Counts calls to [`receive`](Self::receive), so that each begins with another provider.
    receive_calls: Arc<AtomicUsize>,
}

impl LocalEvents {
    pub(crate) fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        visibility_timeout: Duration,
        max_receives: u32,
    ) -> Self {
        Self {
            database,
            clock,
            visibility_timeout,
            max_receives,
            changed: Arc::new(Notify::new()),
            receive_calls: Arc::default(),
        }
    }

    /// At most `max_messages` visible messages, oldest first, but alternating between providers and
    /// between groups; empty when none is visible. A message that was received too often becomes a
    /// dead letter instead.
    pub async fn receive(&self, max_messages: usize) -> PortResult<Vec<Received>> {
        let request = ReceiveRequest {
            max_messages,
            visibility_timeout: duration_micros(self.visibility_timeout),
            max_receives: self.max_receives,
            first_provider: self.receive_calls.fetch_add(1, Ordering::Relaxed),
        };
        let result = self
            .database
            .call(move |transaction| fair_queue::receive(transaction, &request))
            .await?;
        result.dead_letters.iter().for_each(log_dead_letter);
        Ok(result.received)
    }

    /// Deletes the message. `false` if the receipt is void, because another receiver has the
    /// message or had it.
    pub async fn acknowledge(&self, receipt: Receipt) -> PortResult<bool> {
        self.database.call(move |transaction| queue::acknowledge(transaction, receipt)).await
    }

    /// Makes the message invisible for `timeout` from now; zero makes it visible at once. `false`
    /// if the receipt is void.
    pub async fn extend(&self, receipt: Receipt, timeout: Duration) -> PortResult<bool> {
        self.change(move |transaction| {
            queue::extend(transaction, receipt, duration_micros(timeout))
        })
        .await
    }

    /// Returns a message to the queue, visible after `delay`, as if it had not been received: whatever
    /// failed, this machine lacked something and not the message. `false` if the receipt is void.
    pub async fn give_back(&self, receipt: Receipt, delay: Duration) -> PortResult<bool> {
        self.database
            .call(move |transaction| queue::give_back(transaction, receipt, duration_micros(delay)))
            .await
    }

    /// Writes as much as a message takes, and removes it.
    ///
    /// # Errors
    /// The queue takes no message.
    pub async fn check_write(&self) -> PortResult<()> {
        self.database.call(queue::check).await?;
        self.database.call(queue::end_check).await
    }

    /// Returns as soon as a message may be visible: at once when this process sends one, when a
    /// delay or a visibility timeout ends, and within half a second after another process sent one.
    /// The future may be dropped at any time.
    pub async fn wait_for_message(&self) -> PortResult<()> {
        loop {
            // Created before the query, so that a message sent in between is not missed.
            let changed = self.changed.notified();
            let wait = match self.next_visible_at().await? {
                Some(at) => Duration::try_from(at - self.clock.now()).unwrap_or_default(),
                None => POLL_INTERVAL,
            };
            if wait.is_zero() {
                return Ok(());
            }
            // The next query follows in either case.
            let _ = tokio::time::timeout(wait.min(POLL_INTERVAL), changed).await;
        }
    }

    /// Changes what is visible, and wakes whoever waits for a message.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> PortResult<T> {
        let changed = self.database.call(change).await?;
        self.changed.notify_waiters();
        Ok(changed)
    }

    /// When the next message becomes visible, or became visible if that is in the past. `None` when
    /// the queue is empty.
    pub async fn next_visible_at(&self) -> PortResult<Option<OffsetDateTime>> {
        Ok(self.database.read(queue::next_visible).await?.map(from_micros))
    }
}

/// Nobody tries a dead letter again, so this line is at level error.
fn log_dead_letter(dead_letter: &NewDeadLetter) {
    let NewDeadLetter { number, id, provider, kind, traceparent, receives } = dead_letter;
    tracing::error!(
        provider,
        id,
        r#type = kind,
        traceparent,
        receives,
        dead_letter = number,
        "dead letter: received too often and not acknowledged"
    );
}

impl EventsQueue for LocalEvents {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        self.change(move |transaction| {
            messages.iter().try_for_each(|message| queue::send(transaction, message))
        })
        .await
    }

    async fn make_due(&self, provider: Provider) -> PortResult<()> {
        self.change(move |transaction| queue::make_due(transaction, Some(provider.as_str()))).await
    }
}
