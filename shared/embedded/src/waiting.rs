//! What waits on the events queue, for an operator to see and to hurry.

use ports::PortResult;
use rusqlite::Row;
use time::OffsetDateTime;

use crate::clock::from_micros;
use crate::events::LocalEvents;
use crate::reader::Reader;
use crate::transaction::Transaction;

/// A message on the events queue.
#[derive(Clone)]
pub struct WaitingMessage {
    /// Rises with each message; a message that is requeued is a new one.
    pub number: i64,
    pub provider: String,
    pub kind: String,
    pub state: WaitingState,
    /// When a worker may receive it: the end of its delay, or of its visibility timeout.
    pub visible: OffsetDateTime,
    /// When it was put onto the queue, the last time.
    pub sent: OffsetDateTime,
    /// How often it was received.
    pub receives: u32,
    /// The envelope as JSON. `None` for a challenge, whose token nobody is shown here.
    pub body: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaitingState {
    Visible,
    Delayed,
    InFlight,
}

/// Messages of one provider that wait for a later attempt, for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backlog {
    pub provider: String,
    /// The word that the envelopes have for it.
    pub reason: String,
    pub messages: u64,
    /// When the webhook endpoint received the oldest.
    pub oldest: String,
}

/// Messages that were received more than once without being acknowledged, each time because of a fault of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TriedAgain {
    pub messages: u64,
    /// The highest number of receives.
    pub receives: u64,
}

impl Reader {
    /// At most `limit` messages after `number`, in order.
    pub async fn waiting(&self, number: i64, limit: u32) -> PortResult<Vec<WaitingMessage>> {
        self.database().call(move |transaction| messages(transaction, number, limit)).await
    }

    /// What waits for a later attempt, by provider and reason. Reads every message.
    pub async fn backlog(&self) -> PortResult<Vec<Backlog>> {
        self.database().call(backlog).await
    }

    /// When something was written last. `None` in a new folder.
    pub async fn newest_write(&self) -> PortResult<Option<OffsetDateTime>> {
        self.database().call(newest_write).await
    }

    pub async fn tried_again(&self) -> PortResult<TriedAgain> {
        self.database().call(tried_again).await
    }
}

impl LocalEvents {
    /// Makes these messages due, where they wait for a later attempt. Returns how many there were.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn release(&self, numbers: Vec<i64>) -> PortResult<usize> {
        self.change(move |transaction| {
            numbers.iter().try_fold(0, |released, number| {
                Ok(released + usize::from(release(transaction, *number)?))
            })
        })
        .await
    }
}

fn release(transaction: &Transaction<'_>, number: i64) -> rusqlite::Result<bool> {
    let mut update = transaction.connection.prepare_cached(
        "UPDATE messages SET visible_at = ?1 WHERE id = ?2 AND state = 1 AND visible_at > ?1",
    )?;
    Ok(update.execute((transaction.now, number))? > 0)
}

fn messages(
    transaction: &Transaction<'_>,
    number: i64,
    limit: u32,
) -> rusqlite::Result<Vec<WaitingMessage>> {
    let mut select = transaction.connection.prepare_cached(
        "SELECT id, provider, kind, state, visible_at, sent_at, receives, body
             FROM messages LEFT JOIN bodies USING (id) WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let now = from_micros(transaction.now);
    select.query_map((number, limit), |row| message(row, now))?.collect()
}

/// A delay or a visibility timeout that has ended counts as none, although no worker has looked since.
fn message(row: &Row<'_>, now: OffsetDateTime) -> rusqlite::Result<WaitingMessage> {
    let (state, visible): (i64, _) = (row.get(3)?, from_micros(row.get(4)?));
    let state = match state {
        1 if visible > now => WaitingState::Delayed,
        2 if visible > now => WaitingState::InFlight,
        _ => WaitingState::Visible,
    };
    Ok(WaitingMessage {
        number: row.get(0)?,
        provider: row.get(1)?,
        kind: row.get(2)?,
        state,
        visible,
        sent: from_micros(row.get(5)?),
        receives: row.get(6)?,
        body: row.get(7)?,
    })
}

fn backlog(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<Backlog>> {
    let mut select = transaction.connection.prepare_cached(
        "SELECT provider, body ->> '$.retryreason', count(*), min(body ->> '$.receivedtime')
             FROM messages JOIN bodies USING (id)
             WHERE state = 1 AND visible_at > ?1 AND json_valid(body)
                 AND body ->> '$.retryreason' IS NOT NULL
             GROUP BY 1, 2 ORDER BY 3 DESC",
    )?;
    let rows = select.query_map([transaction.now], |row| {
        Ok(Backlog {
            provider: row.get(0)?,
            reason: row.get(1)?,
            messages: row.get::<_, i64>(2)?.unsigned_abs(),
            oldest: row.get(3)?,
        })
    })?;
    rows.collect()
}

fn newest_write(transaction: &Transaction<'_>) -> rusqlite::Result<Option<OffsetDateTime>> {
    let newest: Option<i64> = transaction
        .connection
        .prepare_cached(
            "SELECT max(at) FROM (SELECT max(sent_at) AS at FROM messages
                 UNION ALL SELECT max(published_at) FROM deliveries)",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(newest.map(from_micros))
}

/// A message that is being processed has one receive at least.
fn tried_again(transaction: &Transaction<'_>) -> rusqlite::Result<TriedAgain> {
    transaction
        .connection
        .prepare_cached(
            "SELECT count(*), coalesce(max(receives), 0) FROM messages WHERE receives > 1",
        )?
        .query_row([], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(TriedAgain { messages: count(0)?, receives: count(1)? })
        })
}
