use std::time::Duration;

use ports::Outgoing;
use rusqlite::OptionalExtension;
use time::OffsetDateTime;

use crate::clock::{duration_micros, from_micros, to_micros};
use crate::rank::next_rank;
use crate::receipt::Receipt;
use crate::transaction::Transaction;

/// Numbers of messages by state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Times of the oldest messages; `None` when there are none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Oldest {
    /// When the webhook endpoint received it, delayed ones and those in flight included.
    pub received: Option<OffsetDateTime>,
    /// When it became visible, of those that no worker has received.
    pub visible: Option<OffsetDateTime>,
}

pub(crate) fn send(transaction: &Transaction<'_>, message: &Outgoing) -> rusqlite::Result<()> {
    let expires = message.expires.map(to_micros);
    let provider = message.provider.as_str();
    let delayed = !message.delay.is_zero();
    let rank = if delayed { 0 } else { next_rank(transaction, provider, &message.group)? };
    transaction
        .connection
        .prepare_cached(
            "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, expires,
                     received_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            provider,
            &message.kind,
            &message.group,
            delayed,
            rank,
            transaction.now + duration_micros(message.delay),
            transaction.now,
            expires,
            message.received.map(to_micros),
        ))?;
    let body = match expires {
        Some(_) => "INSERT INTO confidential (id, body) VALUES (?1, ?2)",
        None => "INSERT INTO bodies (id, body) VALUES (?1, ?2)",
    };
    let id = transaction.connection.last_insert_rowid();
    transaction.connection.prepare_cached(body)?.execute((id, &message.body)).map(drop)
}

/// Deletes expired messages, in whatever state. They are few, since only challenges expire.
pub(crate) fn remove_expired(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let removed = transaction
        .connection
        .prepare_cached("DELETE FROM messages WHERE expires <= ?1")?
        .execute([transaction.now])?;
    if removed > 0 {
        transaction.request_scrub();
    }
    Ok(())
}

/// Deletes a message. `false` if the receipt is void.
pub(crate) fn acknowledge(
    transaction: &Transaction<'_>,
    receipt: Receipt,
) -> rusqlite::Result<bool> {
    let confidential: Option<bool> = transaction
        .connection
        .prepare_cached(
            "DELETE FROM messages WHERE id = ?1 AND generation = ?2 RETURNING expires IS NOT NULL",
        )?
        .query_row((receipt.id, receipt.generation), |row| row.get(0))
        .optional()?;
    if confidential == Some(true) {
        transaction.request_scrub();
    }
    Ok(confidential.is_some())
}

/// Sets the remaining visibility timeout, in microseconds. `false` if the receipt is void.
pub(crate) fn extend(
    transaction: &Transaction<'_>,
    receipt: Receipt,
    timeout: i64,
) -> rusqlite::Result<bool> {
    transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND generation = ?2 AND state = 2",
        )?
        .execute((receipt.id, receipt.generation, transaction.now + timeout))
        .map(|changed| changed > 0)
}

/// Returns a message to the queue for a later attempt, in microseconds, as if it had not been received.
/// `false` if the receipt is void.
pub(crate) fn give_back(
    transaction: &Transaction<'_>,
    receipt: Receipt,
    delay: i64,
) -> rusqlite::Result<bool> {
    transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3, receives = receives - 1
                 WHERE id = ?1 AND generation = ?2 AND state = 2",
        )?
        .execute((receipt.id, receipt.generation, transaction.now + delay))
        .map(|changed| changed > 0)
}

/// The row of a check, which has no message.
const CHECK_ID: i64 = -1;

/// Writes about as much as a message takes. [`end_check`] removes it.
pub(crate) fn check(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO confidential (id, body) VALUES (?1, hex(zeroblob(4096)))",
        )?
        .execute([CHECK_ID])
        .map(drop)
}

pub(crate) fn end_check(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached("DELETE FROM confidential WHERE id = ?1")?
        .execute([CHECK_ID])
        .map(drop)
}

/// Number of recoveries after which a message becomes suspect. Fewer say nothing against it: an
/// operator may restart five times in a row.
const RECOVERIES_UNTIL_SUSPECT: i64 = 5;
/// Number of recoveries that do not count as receives.
const RECOVERIES_NOT_COUNTED: i64 = 12;
/// Delay of a message that becomes suspect; it doubles with each further recovery.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(300);
/// Suspects become visible one after the other; the interval between two is their delay divided by
/// this.
const INTERVAL_DIVISOR: i64 = 20;

/// Returns messages in flight to the queue after the process that received them has ended. A
/// message that was in flight at several such ends is suspect: it may itself make the process
/// crash. Suspects become visible after ever longer delays and intervals, those with the most
/// recoveries last, so that each innocent one is processed once without the one at fault. A message
/// that goes on to crash the process for about half an hour has then been received too often.
pub(crate) fn recover(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.connection.execute(
        "UPDATE messages SET visible_at = ?1, receives = receives - (recoveries < ?2),
             recoveries = recoveries + 1 WHERE state = 2",
        (transaction.now, RECOVERIES_NOT_COUNTED),
    )?;
    transaction
        .connection
        .execute(
            "WITH suspects AS (
                 SELECT id, min(?2 << min(recoveries - ?1 - 1, 20), ?3) AS wait,
                     row_number() OVER (ORDER BY recoveries, id) AS place
                 FROM messages WHERE state = 2 AND recoveries > ?1)
             UPDATE messages SET state = 1, visible_at = visible_at + wait + wait / ?4 * place
                 FROM suspects WHERE suspects.id = messages.id",
            (
                RECOVERIES_UNTIL_SUSPECT,
                duration_micros(FIRST_DELAY),
                duration_micros(MAX_DELAY),
                INTERVAL_DIVISOR,
            ),
        )
        .map(drop)
}

/// Ends the delays of messages that wait for a later attempt, of all providers or of one. Whatever they
/// waited for may be over: after a start nothing is known of it. A suspect keeps its delay.
pub(crate) fn make_due(
    transaction: &Transaction<'_>,
    provider: Option<&str>,
) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?1
                 WHERE state = 1 AND visible_at > ?1 AND recoveries <= ?2 AND expires IS NULL
                     AND provider = coalesce(?3, provider)",
        )?
        .execute((transaction.now, RECOVERIES_UNTIL_SUSPECT, provider))
        .map(drop)
}

/// The longest delay of a message, as on SQS. No visibility timeout is longer.
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);

/// Shortens the delays and visibility timeouts that end later than any could: the clock was set back
/// since they were written down. Suspects may wait longer, one after the other.
pub(crate) fn limit_delays(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let latest = transaction.now + duration_micros(LONGEST_DELAY);
    for state in [1, 2] {
        transaction
            .connection
            .prepare_cached(
                "UPDATE messages SET visible_at = ?1
                     WHERE state = ?2 AND visible_at > ?1 AND (state = 2 OR recoveries <= ?3)",
            )?
            .execute((latest, state, RECOVERIES_UNTIL_SUSPECT))?;
    }
    Ok(())
}

/// When the next message becomes or became visible, in microseconds.
pub(crate) fn next_visible(transaction: &Transaction<'_>) -> rusqlite::Result<Option<i64>> {
    transaction
        .connection
        .prepare_cached(
            "SELECT min(at) FROM (
                 SELECT min(visible_at) AS at FROM messages WHERE state = 0
                 UNION ALL SELECT min(visible_at) FROM messages WHERE state = 1
                 UNION ALL SELECT min(visible_at) FROM messages WHERE state = 2)",
        )?
        .query_row([], |row| row.get(0))
}

pub(crate) fn counts(transaction: &Transaction<'_>) -> rusqlite::Result<Counts> {
    transaction
        .connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM messages WHERE state = 0)
                      + (SELECT count(*) FROM messages WHERE state IN (1, 2) AND visible_at <= ?1),
                    (SELECT count(*) FROM messages WHERE state = 2 AND visible_at > ?1),
                    (SELECT count(*) FROM messages WHERE state = 1 AND visible_at > ?1),
                    (SELECT count(*) FROM dead_letters)",
        )?
        .query_row([transaction.now], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(Counts {
                visible: count(0)?,
                in_flight: count(1)?,
                delayed: count(2)?,
                dead: count(3)?,
            })
        })
}

pub(crate) fn oldest(transaction: &Transaction<'_>) -> rusqlite::Result<Oldest> {
    transaction
        .connection
        .prepare_cached(
            "SELECT (SELECT min(received_at) FROM messages),
                    (SELECT min(visible_at) FROM messages WHERE visible_at <= ?1)",
        )?
        .query_row([transaction.now], |row| {
            let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(from_micros));
            Ok(Oldest { received: time(0)?, visible: time(1)? })
        })
}
