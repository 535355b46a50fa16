use std::time::Duration;

use crate::clock::{DAY, duration_micros};
use crate::queue;
use crate::transaction::Transaction;
use crate::writer::Expired;

/// Maximum number of rows that one step deletes from one table, so that it does not delay the queue.
const STEP_ROWS: i64 = 1000;

const DELIVERIES_RETENTION: Duration = DAY.saturating_mul(14);
const DEAD_LETTERS_RETENTION: Duration = DAY.saturating_mul(14);

/// Deletes expired rows of every table, at most [`STEP_ROWS`] of each. Also ends delays that a clock
/// which was set back made too long.
pub(crate) fn step(transaction: &Transaction<'_>) -> rusqlite::Result<Expired> {
    queue::remove_expired(transaction)?;
    queue::limit_delays(transaction)?;
    let challenges =
        delete(transaction, "DELETE FROM challenges WHERE expires <= ?1", transaction.now)?;
    if challenges > 0 {
        transaction.request_scrub();
    }
    let ledger = [0, 1].into_iter().try_fold(0, |max, recorded| {
        Ok::<_, rusqlite::Error>(max.max(delete_ids(transaction, recorded)?))
    })?;
    let dead_letters = delete_oldest(
        transaction,
        "dead_letters",
        "id",
        "died_at",
        transaction.now - duration_micros(DEAD_LETTERS_RETENTION),
    )?;
    let deliveries = delete_oldest(
        transaction,
        "deliveries",
        "sequence",
        "published_at",
        transaction.now - duration_micros(DELIVERIES_RETENTION),
    )?;
    let deleted = ledger.max(dead_letters).max(deliveries).max(delete_certificates(transaction)?);
    Ok(if deleted < STEP_ROWS as usize { Expired::All } else { Expired::Some })
}

fn delete_ids(transaction: &Transaction<'_>, recorded: i64) -> rusqlite::Result<usize> {
    transaction
        .connection
        .prepare_cached(
            "DELETE FROM ledger WHERE id IN
                 (SELECT id FROM ledger WHERE recorded = ?1 AND keep_until <= ?2 LIMIT ?3)",
        )?
        .execute((recorded, transaction.now, STEP_ROWS))
}

/// Deletes expired rows of the tables about certificates, found by the index on `keep_until`.
fn delete_certificates(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    ["certificates", "history", "aliases"].into_iter().try_fold(0, |max, table| {
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
