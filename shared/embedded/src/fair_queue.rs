//! Which message is received next. Groups alternate: a message that becomes ready gets the rank
//! after the last ready one of its group, but not below the lowest ready rank of its provider, and
//! the lowest rank is received first (start-time fair queueing: Goyal, Vin, Cheng 1996). So a group
//! with a long backlog delays the other groups by one message at a time. Providers alternate too.
//! Each step is a few look-ups in an index, however long the queue is.

use envelope::Provider;
use rusqlite::{OptionalExtension, Row};

use crate::clock::from_micros;
use crate::queue::remove_expired;
use crate::rank::next_rank;
use crate::receipt::{Receipt, Received};
use crate::transaction::Transaction;

/// What came of one receive.
#[derive(Default)]
pub(crate) struct ReceiveResult {
    pub(crate) received: Vec<Received>,
    pub(crate) dead_letters: Vec<NewDeadLetter>,
}

/// A message that became a dead letter, by what names it in a log line.
pub(crate) struct NewDeadLetter {
    pub(crate) number: i64,
    /// The event's id; `None` where the body cannot be read.
    pub(crate) id: Option<String>,
    pub(crate) provider: String,
    pub(crate) kind: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) receives: u32,
}

/// Maximum number of messages that one call makes ready; the next call makes further ones ready.
const MAX_MADE_READY: i64 = 1000;

/// Values of `messages.state`.
const DELAYED: i64 = 1;
const IN_FLIGHT: i64 = 2;

/// The parameters of one receive.
pub(crate) struct ReceiveRequest {
    pub(crate) max_messages: usize,
    /// Microseconds.
    pub(crate) visibility_timeout: i64,
    pub(crate) max_receives: u32,
    /// Position of the provider that comes first, modulo the number of providers.
    pub(crate) first_provider: usize,
}

pub(crate) fn receive(
    transaction: &Transaction<'_>,
    request: &ReceiveRequest,
) -> rusqlite::Result<ReceiveResult> {
    remove_expired(transaction)?;
    make_ready(transaction)?;
    let mut result = ReceiveResult::default();
    loop {
        let ids = next_ids(transaction, request, request.max_messages - result.received.len())?;
        if ids.is_empty() {
            return Ok(result);
        }
        for id in ids {
            match take(transaction, request, id)? {
                Ok(received) => result.received.push(received),
                Err(dead_letter) => result.dead_letters.push(dead_letter),
            }
        }
    }
}

/// Makes delayed messages ready whose delay has ended, and messages in flight whose visibility
/// timeout has ended.
fn make_ready(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut due = transaction.connection.prepare_cached(
        "SELECT id, provider, grp, rank FROM messages
        WHERE state = ?3 AND visible_at <= ?1 ORDER BY visible_at LIMIT ?2",
    )?;
    for state in [DELAYED, IN_FLIGHT] {
        let rows = due.query_map((transaction.now, MAX_MADE_READY, state), |row| row.try_into())?;
        let rows: Vec<(i64, String, String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
        for (id, provider, group, rank) in rows {
            let rank = match state {
                // It keeps its place before its group, since it was received before the others.
                IN_FLIGHT => rank.max(next_rank(transaction, &provider, "")?),
                _ => next_rank(transaction, &provider, &group)?,
            };
            set_ready(transaction, id, rank)?;
        }
    }
    Ok(())
}

fn set_ready(transaction: &Transaction<'_>, id: i64, rank: i64) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached("UPDATE messages SET state = 0, rank = ?2 WHERE id = ?1")?
        .execute((id, rank))
        .map(drop)
}

/// The ids of the next messages: the first of each provider, then the second of each, and so on.
fn next_ids(
    transaction: &Transaction<'_>,
    request: &ReceiveRequest,
    limit: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement = transaction.connection.prepare_cached(
        "SELECT id FROM messages WHERE state = 0 AND provider = ?1 ORDER BY rank, id LIMIT ?2",
    )?;
    let mut waiting: Vec<Vec<i64>> = Vec::new();
    for provider in Provider::ALL {
        let ids = statement.query_map((provider.as_str(), limit as i64), |row| row.get(0))?;
        waiting.push(ids.collect::<Result<_, _>>()?);
    }
    // The turn goes round among those that have messages: else that of an idle provider would always fall
    // to the next one.
    waiting.retain(|ids| !ids.is_empty());
    let providers = waiting.len().max(1);
    waiting.rotate_left(request.first_provider % providers);
    let mut candidates: Vec<(usize, usize, i64)> = Vec::new();
    for (place, ids) in waiting.into_iter().enumerate() {
        candidates.extend(ids.into_iter().enumerate().map(|(round, id)| (round, place, id)));
    }
    candidates.sort_unstable();
    Ok(candidates.into_iter().take(limit).map(|(_, _, id)| id).collect())
}

/// Receives one message. `Err` when it was received too often and is a dead letter now. A message
/// that expires never becomes a dead letter: it is received again until it has expired.
fn take(
    transaction: &Transaction<'_>,
    request: &ReceiveRequest,
    id: i64,
) -> rusqlite::Result<Result<Received, NewDeadLetter>> {
    let visible_at = transaction.now + request.visibility_timeout;
    let received = transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET state = 2, visible_at = ?2, receives = receives + 1,
                 generation = generation + 1
                 WHERE id = ?1 AND (receives < ?3 OR expires IS NOT NULL)
                 RETURNING id, generation, receives, sent_at,
                     coalesce((SELECT body FROM bodies WHERE id = messages.id),
                              (SELECT body FROM confidential WHERE id = messages.id))",
        )?
        .query_row((id, visible_at, request.max_receives), to_received)
        .optional()?;
    match received {
        Some(received) => Ok(Ok(received)),
        None => {
            let reason = format!("received {} times and not acknowledged", request.max_receives);
            dead_letter(transaction, id, &reason).map(Err)
        }
    }
}

fn to_received(row: &Row<'_>) -> rusqlite::Result<Received> {
    Ok(Received {
        receipt: Receipt { id: row.get(0)?, generation: row.get(1)? },
        receive_count: row.get(2)?,
        sent: from_micros(row.get(3)?),
        body: row.get(4)?,
    })
}

fn dead_letter(
    transaction: &Transaction<'_>,
    id: i64,
    reason: &str,
) -> rusqlite::Result<NewDeadLetter> {
    let dead_letter = transaction
        .connection
        .prepare_cached(
            "INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at)
                 SELECT provider, kind, body, receives, ?2, sent_at, ?3
                 FROM messages JOIN bodies USING (id) WHERE id = ?1
                 RETURNING id, iif(json_valid(body), body ->> '$.id', NULL), provider, kind,
                     iif(json_valid(body), body ->> '$.traceparent', NULL), receives",
        )?
        .query_row((id, reason, transaction.now), |row| {
            Ok(NewDeadLetter {
                number: row.get(0)?,
                id: row.get(1)?,
                provider: row.get(2)?,
                kind: row.get(3)?,
                traceparent: row.get(4)?,
                receives: row.get(5)?,
            })
        })?;
    transaction
        .connection
        .prepare_cached("DELETE FROM messages WHERE id = ?1")?
        .execute([id])
        .map(|_deleted| dead_letter)
}
