//! All consumers of the deliveries: how far each has come, and what each did not take.

use rusqlite::{Row, ToSql};
use time::OffsetDateTime;

use crate::clock::from_micros;
use crate::transaction::Transaction;

/// How far a consumer has come.
#[derive(Clone, Debug)]
pub struct ConsumerStatus {
    pub name: String,
    pub created: OffsetDateTime,
    /// The number of deliveries after its position.
    pub behind: u32,
    /// When the first of these was delivered.
    pub next: Option<OffsetDateTime>,
    /// The number of deliveries that wait for another attempt.
    pub waiting: u32,
    /// The number of deliveries that were set aside.
    pub set_aside: u32,
    /// When the first delivery that it has not taken, or not been handed, was delivered.
    pub oldest: Option<OffsetDateTime>,
    /// The number of deliveries that were deleted before it took them.
    pub expired: u32,
}

/// A delivery that a consumer did not take.
#[derive(Clone, Debug)]
pub struct Untaken {
    pub consumer: String,
    pub sequence: i64,
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub attempts: u32,
    /// The first attempt.
    pub since: OffsetDateTime,
    /// The next attempt; `None` where it was set aside.
    pub due: Option<OffsetDateTime>,
    /// Why the last attempt failed.
    pub reason: String,
}

/// Deliveries that a consumer did not take: those with these ids, or all without any.
#[derive(Clone, Debug, Default)]
pub struct UntakenFilter {
    pub consumer: Option<String>,
    pub ids: Vec<String>,
}

impl ConsumerStatus {
    /// The number of deliveries that it has not taken, or not been handed.
    pub fn not_taken(&self) -> u32 {
        self.behind + self.waiting + self.set_aside
    }
}

pub(crate) fn statuses(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<ConsumerStatus>> {
    // Sequences have no gaps, and only the lowest are deleted: so deliveries need not be counted one by
    // one.
    const ROWS: &str = "
        SELECT name, created, position, expired,
            coalesce((SELECT min(sequence) FROM deliveries), 1),
            coalesce((SELECT max(sequence) FROM deliveries), 0),
            (SELECT published_at FROM deliveries WHERE sequence > position ORDER BY sequence LIMIT 1),
            (SELECT count(*) FROM untaken WHERE consumer = name AND due IS NOT NULL),
            (SELECT count(*) FROM untaken WHERE consumer = name AND due IS NULL),
            (SELECT published_at FROM untaken JOIN deliveries USING (sequence)
                WHERE consumer = name ORDER BY sequence LIMIT 1)
        FROM consumers ORDER BY name";
    transaction.connection.prepare_cached(ROWS)?.query_map([], status)?.collect()
}

fn status(row: &Row<'_>) -> rusqlite::Result<ConsumerStatus> {
    let (position, first, last): (i64, i64, i64) = (row.get(2)?, row.get(4)?, row.get(5)?);
    let next: Option<i64> = row.get(6)?;
    let untaken: Option<i64> = row.get(9)?;
    Ok(ConsumerStatus {
        name: row.get(0)?,
        created: from_micros(row.get(1)?),
        behind: u32::try_from((last - position.max(first - 1)).max(0)).unwrap_or(u32::MAX),
        next: next.map(from_micros),
        waiting: row.get(7)?,
        set_aside: row.get(8)?,
        oldest: [next, untaken].into_iter().flatten().min().map(from_micros),
        expired: row.get(3)?,
    })
}

/// At most `limit` deliveries that were not taken, by consumer and in order of delivery.
pub(crate) fn untaken(
    transaction: &Transaction<'_>,
    consumer: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Vec<Untaken>> {
    const ROWS: &str = "
        SELECT consumer, sequence, id, kind, subject, attempts, since, due, reason
            FROM untaken JOIN deliveries USING (sequence)
            WHERE ?1 IS NULL OR consumer = ?1 ORDER BY consumer, sequence LIMIT ?2";
    let mut statement = transaction.connection.prepare_cached(ROWS)?;
    let rows = statement.query_map((consumer, limit), |row| {
        Ok(Untaken {
            consumer: row.get(0)?,
            sequence: row.get(1)?,
            id: row.get(2)?,
            kind: row.get(3)?,
            subject: row.get(4)?,
            attempts: row.get(5)?,
            since: from_micros(row.get(6)?),
            due: row.get::<_, Option<i64>>(7)?.map(from_micros),
            reason: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// Makes the next attempt due at once. Attempts and the time for which they go on are counted anew.
pub(crate) fn retry(
    transaction: &Transaction<'_>,
    filter: &UntakenFilter,
) -> rusqlite::Result<usize> {
    let now = transaction.now;
    let change = format!("UPDATE untaken SET due = {now}, since = {now}, attempts = 0");
    change_untaken(transaction, &change, filter)
}

pub(crate) fn drop_untaken(
    transaction: &Transaction<'_>,
    filter: &UntakenFilter,
) -> rusqlite::Result<usize> {
    change_untaken(transaction, "DELETE FROM untaken", filter)
}

fn change_untaken(
    transaction: &Transaction<'_>,
    change: &str,
    UntakenFilter { consumer, ids }: &UntakenFilter,
) -> rusqlite::Result<usize> {
    let of_consumer = format!("{change} WHERE (?1 IS NULL OR consumer = ?1)");
    if ids.is_empty() {
        return transaction.connection.execute(&of_consumer, [consumer]);
    }
    let of_id =
        format!("{of_consumer} AND sequence IN (SELECT sequence FROM deliveries WHERE id = ?2)");
    let mut statement = transaction.connection.prepare(&of_id)?;
    ids.iter().try_fold(0, |sum, id| {
        let parameters: [&dyn ToSql; 2] = [consumer, id];
        Ok(sum + statement.execute(parameters)?)
    })
}

/// Removes a consumer with its position and what it did not take. `false` if there is none.
pub(crate) fn remove(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<bool> {
    let deleted =
        transaction.connection.execute("DELETE FROM consumers WHERE name = ?1", [name])?;
    Ok(deleted > 0)
}

/// The consumers that have not taken all deliveries with a sequence up to `last` that were published up
/// to `until`: how many each has not taken, and when the first of these was published. Adds them to what
/// expired, since the caller deletes them.
pub(crate) fn expire(
    transaction: &Transaction<'_>,
    last: i64,
    until: i64,
) -> rusqlite::Result<Vec<(String, u32, OffsetDateTime)>> {
    const ROWS: &str = "
        SELECT name, count(*), min(published_at) FROM consumers JOIN deliveries
            WHERE sequence <= ?1 AND published_at <= ?2
                AND (sequence > position OR EXISTS
                    (SELECT 1 FROM untaken WHERE consumer = name AND sequence = deliveries.sequence))
            GROUP BY name";
    let mut statement = transaction.connection.prepare_cached(ROWS)?;
    let rows = statement
        .query_map((last, until), |row| Ok((row.get(0)?, row.get(1)?, from_micros(row.get(2)?))))?;
    let rows: Vec<(String, u32, OffsetDateTime)> = rows.collect::<rusqlite::Result<_>>()?;
    for (name, count, _) in &rows {
        transaction.connection.execute(
            "UPDATE consumers SET expired = expired + ?2 WHERE name = ?1",
            (name, count),
        )?;
    }
    Ok(rows)
}
