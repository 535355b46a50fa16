use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use envelope::rfc3339;
use rusqlite::OptionalExtension;

use crate::clock::{DAY, duration_micros, from_micros};
use crate::compression;
use crate::consumers;
use crate::queue;
use crate::transaction::Transaction;
use crate::writer::Expired;

/// Maximum number of rows that one step deletes from one table, so that it does not delay the queue.
const STEP_ROWS: i64 = 1000;

/// How long the tables are kept that grow with each event. The ledger says itself how long a row of it is
/// kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Deliveries, whether a consumer has taken them or not.
    pub deliveries: Duration,
    /// Envelopes as they came.
    pub archive: Duration,
    pub dead_letters: Duration,
}

impl Default for Retention {
    /// On AWS they are kept as long: 14 days are the most that SQS keeps a message.
    fn default() -> Self {
        let queues = DAY * 14;
        Self { deliveries: queues, archive: DAY * 365, dead_letters: queues }
    }
}

/// Maximum interval between two warnings of deliveries that expire soon.
const WARNING_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The deletion of expired rows.
pub(crate) struct Expiry {
    retention: Retention,
    /// When consumers are looked at again that have not taken what expires soon.
    warn_at: AtomicI64,
}

impl Expiry {
    pub(crate) fn new(retention: Retention) -> Self {
        Self { retention, warn_at: AtomicI64::new(i64::MIN) }
    }

    /// Deletes expired rows of every table, at most [`STEP_ROWS`] of most. Also ends delays that a clock
    /// which was set back made too long, and names the consumers that have not taken deliveries which
    /// are deleted now or soon.
    pub(crate) fn step(&self, transaction: &Transaction<'_>) -> rusqlite::Result<Expired> {
        let keep_deliveries = self.retention.deliveries;
        let deliveries = delete_deliveries(transaction, keep_deliveries)?;
        if transaction.now >= self.warn_at.load(Ordering::Relaxed) {
            // In the last quarter of its time.
            let notice = keep_deliveries / 4;
            warn_of_expiry(transaction, keep_deliveries - notice)?;
            let interval = duration_micros(WARNING_INTERVAL.min(notice / 2));
            self.warn_at.store(transaction.now.saturating_add(interval), Ordering::Relaxed);
        }
        let others = delete_others(transaction, self.retention)?;
        let keyed = delete_keyed(transaction)?;
        let is_all = deliveries.max(others) < STEP_ROWS as usize && keyed < LOOKED_AT;
        Ok(if is_all { Expired::All } else { Expired::Some })
    }
}

/// Tables without an index of times, which each event would pay for, and their keys.
const KEYED: [(&str, &str); 4] = [
    ("ledger", "id, id"),
    ("certificates", "certificate, certificate"),
    ("aliases", "alias, certificate"),
    ("items", "partition, sort"),
];
/// The number of rows of each that a step looks at. The next step goes on after them, also in another process, so that
/// each of some million rows has its turn within a day.
const LOOKED_AT: usize = 4000;

/// A key of such a table; empty before all.
type Place = (String, String);

/// Deletes those of the next rows of each table that have expired.
fn delete_keyed(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    const FIND: &str = "SELECT first, second FROM expiry_places WHERE name = ?1";
    const STORE: &str = "INSERT OR REPLACE INTO expiry_places VALUES (?1, ?2, ?3)";
    let connection = transaction.connection;
    KEYED.iter().try_fold(0, |max, (table, key)| {
        let mut find = connection.prepare_cached(FIND)?;
        let place = find.query_row([table], |row| Place::try_from(row)).optional()?;
        let place = place.unwrap_or_default();
        let (deleted, next) = delete_after(transaction, table, key, &place)?;
        if next != place {
            connection.prepare_cached(STORE)?.execute((table, next.0, next.1))?;
        }
        Ok(max.max(deleted))
    })
}

/// Deletes the expired ones of the next rows after a place. Returns their number, and where the rows end: before all
/// where no others follow.
fn delete_after(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    (first, second): &Place,
) -> rusqlite::Result<(usize, Place)> {
    let after = format!("FROM {table} WHERE ({key}) > (?1, ?2)");
    let last = format!("SELECT {key} {after} ORDER BY {key} LIMIT 1 OFFSET {}", LOOKED_AT - 1);
    let last: Option<Place> = transaction
        .connection
        .prepare_cached(&last)?
        .query_row((first, second), |row| row.try_into())
        .optional()?;
    let deleted = match &last {
        Some((last, second_last)) => transaction
            .connection
            .prepare_cached(&format!(
                "DELETE {after} AND ({key}) <= (?4, ?5) AND keep_until <= ?3"
            ))?
            .execute((first, second, transaction.now, last, second_last))?,
        None => transaction
            .connection
            .prepare_cached(&format!("DELETE {after} AND keep_until <= ?3"))?
            .execute((first, second, transaction.now))?,
    };
    Ok((deleted, last.unwrap_or_default()))
}

/// Deletes the oldest deliveries, and names the consumers that have not taken them.
fn delete_deliveries(transaction: &Transaction<'_>, keep: Duration) -> rusqlite::Result<usize> {
    const LAST: &str = "
        SELECT max(sequence)
            FROM (SELECT sequence, published_at FROM deliveries ORDER BY sequence LIMIT ?2)
            WHERE published_at <= ?1";
    let until = transaction.now - duration_micros(keep);
    let last: Option<i64> = transaction
        .connection
        .prepare_cached(LAST)?
        .query_row((until, STEP_ROWS), |row| row.get(0))?;
    let Some(last) = last else { return Ok(0) };
    for (consumer, count, oldest) in consumers::expire(transaction, last, until)? {
        let oldest = rfc3339(oldest);
        tracing::warn!(consumer, count, oldest, "deleting deliveries that a consumer did not take");
    }
    delete_oldest(transaction, "deliveries", "sequence", "published_at", until)
}

/// Names the consumers that have not taken deliveries which are older than `age`.
fn warn_of_expiry(transaction: &Transaction<'_>, age: Duration) -> rusqlite::Result<()> {
    let old = from_micros(transaction.now - duration_micros(age));
    for status in consumers::statuses(transaction)? {
        let Some(oldest) = status.oldest.filter(|oldest| *oldest <= old) else { continue };
        let (consumer, count, oldest) = (&status.name, status.not_taken(), rfc3339(oldest));
        tracing::warn!(
            consumer,
            count,
            oldest,
            "a consumer has not taken deliveries that expire soon"
        );
    }
    Ok(())
}

fn delete_others(transaction: &Transaction<'_>, retention: Retention) -> rusqlite::Result<usize> {
    queue::remove_expired(transaction)?;
    queue::limit_delays(transaction)?;
    let challenges =
        delete(transaction, "DELETE FROM challenges WHERE expires <= ?1", transaction.now)?;
    if challenges > 0 {
        transaction.request_scrub();
    }
    let dead_letters = delete_oldest(
        transaction,
        "dead_letters",
        "id",
        "died_at",
        transaction.now - duration_micros(retention.dead_letters),
    )?;
    let archive = delete_oldest(
        transaction,
        "archive",
        "number",
        "archived_at",
        transaction.now - duration_micros(retention.archive),
    )?;
    transaction
        .connection
        .prepare_cached(compression::DELETE_UNUSED)?
        .execute([transaction.now - duration_micros(compression::LIFETIME)])?;
    let history = format!(
        "DELETE FROM history WHERE rowid IN
             (SELECT rowid FROM history WHERE keep_until <= ?1 LIMIT {STEP_ROWS})"
    );
    let history = delete(transaction, &history, transaction.now)?;
    Ok(dead_letters.max(archive).max(history))
}

/// Deletes expired rows of a table in which keys and times rise together, so that only the rows
/// with the lowest keys are read.
fn delete_oldest(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    time: &str,
    until: i64,
) -> rusqlite::Result<usize> {
    let statement = format!(
        "DELETE FROM {table} WHERE {time} <= ?1 AND {key} IN
             (SELECT {key} FROM {table} ORDER BY {key} LIMIT {STEP_ROWS})"
    );
    delete(transaction, &statement, until)
}

fn delete(transaction: &Transaction<'_>, statement: &str, until: i64) -> rusqlite::Result<usize> {
    transaction.connection.prepare_cached(statement)?.execute([until])
}
