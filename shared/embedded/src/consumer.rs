use std::path::Path;

use ports::{PortError, PortResult};
use rusqlite::OptionalExtension;
use time::OffsetDateTime;

use crate::clock::{from_micros, to_micros};
use crate::database::Database;
use crate::lock::Lock;
use crate::reader::{DELIVERED, Delivered, delivered};

/// Maximum length of a consumer's name.
const NAME_LENGTH: usize = 64;

/// A consumer of the deliveries, with its durable position. While this exists, no other process has the
/// same consumer open.
pub struct Consumer {
    database: Database,
    name: String,
    _lock: Lock,
}

/// Where a consumer that is not known yet begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begin {
    /// With the oldest delivery that is kept.
    Oldest,
    /// With the next new delivery.
    Now,
}

/// What came of an attempt to hand over a delivery that was not taken.
pub struct NotTaken {
    pub reason: String,
    /// The next attempt; `None` sets the delivery aside.
    pub due: Option<OffsetDateTime>,
}

/// A delivery that was not taken, and whose next attempt is due.
pub struct Due {
    pub delivered: Delivered,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The first attempt.
    pub since: OffsetDateTime,
}

/// Checks the name of a consumer, of which a file name and a member of `secrets.json` are made.
///
/// # Errors
/// The name cannot be used; the message says what a name may hold.
pub fn consumer_name(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_usable = (1..=NAME_LENGTH).contains(&text.len())
        && text.bytes().all(is_plain)
        && text.as_bytes()[0].is_ascii_alphanumeric();
    is_usable.then(|| text.to_owned()).ok_or_else(|| {
        format!(
            "must be 1 to {NAME_LENGTH} letters, digits, hyphens, underscores or full stops, the first \
             a letter or digit"
        )
    })
}

/// Takes the lock of a consumer.
pub(crate) fn lock(folder: &Path, name: &str) -> PortResult<Lock> {
    let name = consumer_name(name)
        .map_err(|problem| PortError(format!("the name of a consumer {problem}")))?;
    let conflict = format!(
        "another `certhooks forward` has the consumer {name}; stop it, or choose another name"
    );
    Lock::take(folder, &format!("consumer-{name}.lock"), &conflict)
}

impl Consumer {
    /// Opens a consumer, and stores its position first if it is new.
    pub(crate) async fn open(
        folder: &Path,
        database: Database,
        name: &str,
        begin: Begin,
    ) -> PortResult<Self> {
        let lock = lock(folder, name)?;
        let (stored, name) = (name.to_owned(), name.to_owned());
        database
            .call(move |transaction| {
                let position = match begin {
                    Begin::Oldest => "0",
                    Begin::Now => "coalesce((SELECT max(sequence) FROM deliveries), 0)",
                };
                let insert = format!(
                    "INSERT INTO consumers (name, position, created) VALUES (?1, {position}, ?2)
                         ON CONFLICT DO NOTHING"
                );
                transaction.connection.execute(&insert, (&stored, transaction.now)).map(drop)
            })
            .await?;
        Ok(Self { database, name, _lock: lock })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sequence of the last delivery that was handed over, or passed over.
    pub async fn position(&self) -> PortResult<i64> {
        let name = self.name.clone();
        self.database
            .call(move |transaction| {
                transaction
                    .connection
                    .prepare_cached("SELECT position FROM consumers WHERE name = ?1")?
                    .query_row([&name], |row| row.get(0))
            })
            .await
    }

    /// Stores that a delivery was taken, or that all up to it that were not handed over are not meant for
    /// this consumer.
    pub async fn taken(&self, sequence: i64) -> PortResult<()> {
        let name = self.name.clone();
        self.database
            .call(move |transaction| {
                let connection = transaction.connection;
                connection
                    .prepare_cached("DELETE FROM untaken WHERE consumer = ?1 AND sequence = ?2")?
                    .execute((&name, sequence))?;
                connection.prepare_cached(ADVANCE)?.execute((&name, sequence)).map(drop)
            })
            .await
    }

    /// Stores that the first attempt to hand over a delivery failed.
    pub async fn not_taken(&self, sequence: i64, failure: NotTaken) -> PortResult<()> {
        // The delivery may have expired in the meantime.
        const INSERT: &str = "
            INSERT INTO untaken (consumer, sequence, attempts, since, due, reason)
                SELECT ?1, ?2, 1, ?3, ?4, ?5
                WHERE EXISTS (SELECT 1 FROM deliveries WHERE sequence = ?2)
                ON CONFLICT DO NOTHING";
        let name = self.name.clone();
        self.database
            .call(move |transaction| {
                let NotTaken { reason, due } = &failure;
                let due = due.map(to_micros);
                let connection = transaction.connection;
                let row = (&name, sequence, transaction.now, due, reason);
                connection.prepare_cached(INSERT)?.execute(row)?;
                connection.prepare_cached(ADVANCE)?.execute((&name, sequence)).map(drop)
            })
            .await
    }

    /// Stores that another attempt failed. Does nothing if the delivery was dropped in the meantime.
    pub async fn not_taken_again(&self, sequence: i64, failure: NotTaken) -> PortResult<()> {
        const UPDATE: &str = "
            UPDATE untaken SET attempts = attempts + 1, due = ?3, reason = ?4
                WHERE consumer = ?1 AND sequence = ?2";
        let name = self.name.clone();
        self.database
            .call(move |transaction| {
                let NotTaken { reason, due } = &failure;
                let row = (&name, sequence, due.map(to_micros), reason);
                transaction.connection.prepare_cached(UPDATE)?.execute(row).map(drop)
            })
            .await
    }
}

const ADVANCE: &str = "UPDATE consumers SET position = ?2 WHERE name = ?1 AND position < ?2";

/// The delivery of a consumer whose next attempt has been due for the longest time.
pub(crate) async fn next_due(database: &Database, name: &str) -> PortResult<Option<Due>> {
    let name = name.to_owned();
    database
        .call(move |transaction| {
            let statement = format!(
                "SELECT {DELIVERED}, u.attempts, u.since
                    FROM untaken u JOIN deliveries d USING (sequence)
                    WHERE u.consumer = ?1 AND u.due <= ?2 ORDER BY u.due, u.sequence LIMIT 1"
            );
            transaction
                .connection
                .prepare_cached(&statement)?
                .query_row((&name, transaction.now), |row| {
                    Ok(Due {
                        delivered: delivered(transaction, row)?,
                        attempts: row.get(8)?,
                        since: from_micros(row.get(9)?),
                    })
                })
                .optional()
        })
        .await
}
