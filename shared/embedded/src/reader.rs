use std::path::Path;
use std::sync::Arc;

use ports::{History, PortResult, SystemClock, WaitingChallenge};
use rusqlite::Row;
use rusqlite::types::Type;
use time::OffsetDateTime;

use crate::clock::{from_micros, to_micros};
use crate::compression::Packed;
use crate::consumer::{self, Due};
use crate::consumers::{self, ConsumerStatus, Untaken};
use crate::database::Database;
use crate::history;
use crate::ledger::LocalLedger;
use crate::queue::{self, Counts, Oldest};
use crate::schema;
use crate::transaction::Transaction;
use crate::writer::{Role, Writer};

/// Read-only access to a state folder.
#[derive(Clone)]
pub struct Reader {
    database: Database,
}

/// A certificate event on the deliveries queue.
#[derive(Clone)]
pub struct Delivered {
    /// Rises by one with every delivery and is never reused.
    pub sequence: i64,
    pub id: String,
    pub kind: String,
    pub provider: String,
    pub subject: String,
    pub published: OffsetDateTime,
    /// The certificate event as JSON.
    pub body: String,
}

/// A message that was received too often.
#[derive(Clone)]
pub struct DeadLetter {
    pub id: i64,
    pub provider: String,
    pub kind: String,
    /// The envelope as JSON.
    pub body: String,
    pub receives: u32,
    pub reason: String,
    pub sent: OffsetDateTime,
    pub died: OffsetDateTime,
}

impl Reader {
    /// Opens the folder, whether `certhooks local` runs on it or not. Blocks briefly.
    ///
    /// # Errors
    /// The folder has no database, its schema is of another version, or it cannot be read.
    pub fn open(folder: &Path) -> PortResult<Self> {
        let file = folder.join(schema::FILE);
        let connection = schema::open_read_only(&file)?;
        let writer = Writer::new(connection, &file, Arc::new(SystemClock), Role::Reader);
        Ok(Self::new(Database::start(writer)?))
    }

    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The ledger, for its reading methods only: a write fails.
    pub fn ledger(&self) -> LocalLedger {
        LocalLedger::new(self.database.clone())
    }

    /// At most `limit` deliveries after `sequence`, in order. After 0 it starts with the oldest one
    /// kept.
    pub async fn read_after(&self, sequence: i64, limit: u32) -> PortResult<Vec<Delivered>> {
        let select = format!(
            "SELECT {DELIVERED} FROM deliveries d WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
        );
        self.database
            .call(move |transaction| {
                let mut select = transaction.connection.prepare_cached(&select)?;
                let mut rows = select.query((sequence, limit))?;
                let mut read = Vec::new();
                while let Some(row) = rows.next()? {
                    read.push(delivered(transaction, row)?);
                }
                Ok(read)
            })
            .await
    }

    /// The sequence of the newest delivery; 0 when there is none.
    pub async fn last_sequence(&self) -> PortResult<i64> {
        self.database
            .call(|transaction| {
                transaction
                    .connection
                    .prepare_cached("SELECT coalesce(max(sequence), 0) FROM deliveries")?
                    .query_row([], |row| row.get(0))
            })
            .await
    }

    /// The sequence of the delivery with this id; of the first one, if it was forgotten and delivered again.
    /// `None` if none is kept.
    pub async fn sequence_of(&self, id: String) -> PortResult<Option<i64>> {
        self.database
            .call(move |transaction| {
                transaction
                    .connection
                    .prepare_cached("SELECT min(sequence) FROM deliveries WHERE id = ?1")?
                    .query_row([&id], |row| row.get(0))
            })
            .await
    }

    /// The sequence of the last delivery before the first one that was published at `time` or later.
    pub async fn sequence_before(&self, time: OffsetDateTime) -> PortResult<i64> {
        const SEQUENCE: &str = "
            SELECT coalesce(
                (SELECT sequence - 1 FROM deliveries WHERE published_at >= ?1 ORDER BY sequence LIMIT 1),
                (SELECT max(sequence) FROM deliveries), 0)";
        self.database
            .call(move |transaction| {
                transaction
                    .connection
                    .prepare_cached(SEQUENCE)?
                    .query_row([to_micros(time)], |row| row.get(0))
            })
            .await
    }

    /// How far each consumer of `certhooks forward` has come, by name.
    pub async fn consumers(&self) -> PortResult<Vec<ConsumerStatus>> {
        self.database.call(consumers::statuses).await
    }

    /// At most `limit` deliveries that this consumer did not take, or any of them where it is `None`.
    pub async fn untaken(&self, consumer: Option<String>, limit: u32) -> PortResult<Vec<Untaken>> {
        self.database
            .call(move |transaction| consumers::untaken(transaction, consumer.as_deref(), limit))
            .await
    }

    /// The delivery that this consumer did not take and whose next attempt has been due for the longest
    /// time.
    pub async fn next_due(&self, consumer: &str) -> PortResult<Option<Due>> {
        consumer::next_due(&self.database, consumer).await
    }

    /// Challenges that have not expired, the newest first.
    pub async fn challenges(&self) -> PortResult<Vec<WaitingChallenge>> {
        const ROWS: &str = "SELECT webhook_id, token, expires FROM challenges
            WHERE expires > ?1 ORDER BY expires DESC";
        self.database
            .call(|transaction| rows(transaction, ROWS, [transaction.now], challenge))
            .await
    }

    /// At most `limit` dead letters after `id`, in order. After 0 it starts with the oldest one kept.
    pub async fn dead_letters(&self, id: i64, limit: u32) -> PortResult<Vec<DeadLetter>> {
        const ROWS: &str = "SELECT id, provider, kind, body, receives, reason, sent_at, died_at
            FROM dead_letters WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.database
            .call(move |transaction| rows(transaction, ROWS, (id, limit), dead_letter))
            .await
    }

    /// The histories of the certificates with these ids or [`aliases`](ports::alias), each once, in
    /// the order of the certificates' ids.
    pub async fn histories(&self, names: Vec<String>) -> PortResult<Vec<History>> {
        self.database.call(move |transaction| history::find(transaction, &names)).await
    }

    /// At most `limit` histories of the certificates after this one, in the order of their ids. After an empty
    /// one it starts with the first.
    pub async fn histories_after(
        &self,
        certificate: String,
        limit: u32,
    ) -> PortResult<Vec<History>> {
        self.database
            .call(move |transaction| history::after(transaction, &certificate, limit))
            .await
    }

    pub async fn counts(&self) -> PortResult<Counts> {
        self.database.call(queue::counts).await
    }

    pub async fn oldest(&self) -> PortResult<Oldest> {
        self.database.call(queue::oldest).await
    }
}

fn rows<T>(
    transaction: &Transaction<'_>,
    statement: &str,
    parameters: impl rusqlite::Params,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    transaction.connection.prepare_cached(statement)?.query_map(parameters, read)?.collect()
}

/// The columns of [`Delivered`], of the table `deliveries` under the name `d`.
pub(crate) const DELIVERED: &str = "d.sequence, d.id, d.kind, d.provider, d.subject, d.published_at, \
     d.dictionary, coalesce(d.packed, CAST(d.body AS BLOB))";

pub(crate) fn delivered(
    transaction: &Transaction<'_>,
    row: &Row<'_>,
) -> rusqlite::Result<Delivered> {
    let body = transaction.unpack(Packed::of(row, 6)?)?;
    let body = String::from_utf8(body)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(7, Type::Blob, error.into()))?;
    Ok(Delivered {
        sequence: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        provider: row.get(3)?,
        subject: row.get(4)?,
        published: from_micros(row.get(5)?),
        body,
    })
}

fn challenge(row: &Row<'_>) -> rusqlite::Result<WaitingChallenge> {
    Ok(WaitingChallenge {
        webhook_id: row.get(0)?,
        token: row.get::<_, String>(1)?.into(),
        expires: from_micros(row.get(2)?),
    })
}

fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get(0)?,
        provider: row.get(1)?,
        kind: row.get(2)?,
        body: row.get(3)?,
        receives: row.get(4)?,
        reason: row.get(5)?,
        sent: from_micros(row.get(6)?),
        died: from_micros(row.get(7)?),
    })
}
