use std::time::Duration;

use ports::Outgoing;
use rusqlite::OptionalExtension;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::{micros, moment, span};
use crate::events::Receipt;
use crate::fair_queue::next_rank;
use crate::writer::Transaction;

/// How many messages are where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    pub dead: u64,
}

/// Since when the oldest messages wait; nothing when there are none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Oldest {
    /// When the door took it, of all messages on the queue: those that wait for another try too.
    pub received: Option<OffsetDateTime>,
    /// When it became visible, of those that no worker has taken.
    pub visible: Option<OffsetDateTime>,
}

pub(crate) fn send(transaction: &Transaction<'_>, message: &Outgoing) -> rusqlite::Result<()> {
    let expires = message.expires.map(micros);
    let provider = message.provider.as_str();
    let delayed = !message.delay.is_zero();
    let rank = if delayed { 0 } else { next_rank(transaction, provider, &message.group)? };
    transaction
        .connection
        .prepare_cached(
            "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            provider,
            &message.kind,
            &message.group,
            delayed,
            rank,
            transaction.now + span(message.delay),
            transaction.now,
            expires,
        ))?;
    let body = match expires {
        Some(_) => "INSERT INTO confidential (id, body) VALUES (?1, ?2)",
        None => "INSERT INTO bodies (id, body) VALUES (?1, ?2)",
    };
    let id = transaction.connection.last_insert_rowid();
    transaction.connection.prepare_cached(body)?.execute((id, &message.body)).map(drop)
}

/// Messages past their time, in whatever state. They are few: challenges only.
pub(crate) fn remove_expired(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let removed = transaction
        .connection
        .prepare_cached("DELETE FROM messages WHERE expires <= ?1")?
        .execute([transaction.now])?;
    if removed > 0 {
        transaction.scrub();
    }
    Ok(())
}

/// Whether the receipt still counted.
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
        transaction.scrub();
    }
    Ok(confidential.is_some())
}

/// Whether the receipt still counted.
pub(crate) fn extend(
    transaction: &Transaction<'_>,
    receipt: Receipt,
    visibility: i64,
) -> rusqlite::Result<bool> {
    transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND generation = ?2 AND state = 2",
        )?
        .execute((receipt.id, receipt.generation, transaction.now + visibility))
        .map(|changed| changed > 0)
}

/// So many ends of a process say nothing against a message that was in flight: an operator may restart
/// five times in a row.
const HARMLESS: i64 = 5;
/// And so many do not count as receives.
const FORGIVEN: i64 = 12;
/// Doubles with each further end.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Between two suspects, so much of their wait.
const APART: i64 = 20;

/// After the end of the process that held them, messages in flight are for anybody. One that was in
/// flight at several such ends is a suspect: it may itself be what ends the process. Suspects come
/// back later and later and ever further apart, those that were there most often last, so that each
/// of the others is done once without the one that is to blame. Only what goes on like this for half
/// an hour or so is received too often in the end.
pub(crate) fn recover(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.connection.execute(
        "UPDATE messages SET visible_at = ?1, receives = receives - (recoveries < ?2),
             recoveries = recoveries + 1 WHERE state = 2",
        (transaction.now, FORGIVEN),
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
            (HARMLESS, span(WAIT), span(LONGEST_WAIT), APART),
        )
        .map(drop)
}

/// When the next message is or becomes visible.
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

/// Reads every body, so it is for an operator's look and not for the way of a message.
pub(crate) fn oldest(transaction: &Transaction<'_>) -> rusqlite::Result<Oldest> {
    transaction
        .connection
        .prepare_cached(
            "SELECT (SELECT min(json_extract(body, '$.receivedtime')) FROM bodies
                      WHERE json_valid(body)),
                    (SELECT min(visible_at) FROM messages WHERE visible_at <= ?1)",
        )?
        .query_row([transaction.now], |row| {
            let received: Option<String> = row.get(0)?;
            let received = received.and_then(|time| OffsetDateTime::parse(&time, &Rfc3339).ok());
            Ok(Oldest { received, visible: row.get::<_, Option<i64>>(1)?.map(moment) })
        })
}
