use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use envelope::rfc3339;

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

    /// Deletes expired rows of every table, at most [`STEP_ROWS`] of each. Also ends delays that a clock
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
        let is_all = deliveries.max(others) < STEP_ROWS as usize;
        Ok(if is_all { Expired::All } else { Expired::Some })
    }
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
    let ledger = delete_ids(transaction)?;
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
    Ok(ledger.max(dead_letters).max(archive).max(delete_certificates(transaction)?))
}

fn delete_ids(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    transaction
        .connection
        .prepare_cached(
            "DELETE FROM ledger WHERE id IN
                 (SELECT id FROM ledger WHERE keep_until <= ?1 LIMIT ?2)",
        )?
        .execute((transaction.now, STEP_ROWS))
}

/// Deletes expired rows of the tables about certificates, found by the index on `keep_until`.
fn delete_certificates(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    ["certificates", "history", "aliases", "items"].into_iter().try_fold(0, |max, table| {
        let statement = format!(
            "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE keep_until <= ?1 LIMIT {STEP_ROWS})"
        );
        Ok(max.max(delete(transaction, &statement, transaction.now)?))
    })
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
