//! Who is served next. Groups take turns: a message that becomes ready gets the rank
//! after the last ready one of its group, but none below the lowest ready rank of its provider;
//! the lowest rank is served first (start-time fair queueing: Goyal, Vin, Cheng 1996). So a group
//! with a long backlog is one step ahead of nobody. Providers take turns too. Each step is a few
//! look-ups in an index, however long the queue is.

use envelope::Provider;
use rusqlite::Row;

use crate::clock::moment;
use crate::events::{Receipt, Received};
use crate::queue::remove_expired;
use crate::writer::Transaction;

/// Messages that one call makes ready at most; the next call goes on.
const STEP: i64 = 1000;

/// What a call to `receive` asks for.
pub(crate) struct Demand {
    pub(crate) most: usize,
    /// Microseconds.
    pub(crate) visibility: i64,
    pub(crate) max_receives: u32,
    /// The provider whose turn is first.
    pub(crate) first: usize,
}

pub(crate) fn receive(
    transaction: &Transaction<'_>,
    demand: &Demand,
) -> rusqlite::Result<Vec<Received>> {
    remove_expired(transaction)?;
    make_ready(transaction)?;
    let mut taken = Vec::new();
    loop {
        let heads = heads(transaction, demand, demand.most - taken.len())?;
        if heads.is_empty() {
            return Ok(taken);
        }
        for id in heads {
            taken.extend(take(transaction, demand, id)?);
        }
    }
}

/// Delayed messages that are due, and those in flight whose receiver did not answer in time.
fn make_ready(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let delayed = due(
        transaction,
        "SELECT id, provider, grp, rank FROM messages
        WHERE state = 1 AND visible_at <= ?1 ORDER BY visible_at LIMIT ?2",
    )?;
    for (id, provider, group, _) in delayed {
        let rank = next_rank(transaction, &provider, &group)?;
        set_ready(transaction, id, rank)?;
    }
    let returned = due(
        transaction,
        "SELECT id, provider, grp, rank FROM messages
        WHERE state = 2 AND visible_at <= ?1 ORDER BY visible_at LIMIT ?2",
    )?;
    for (id, provider, _, rank) in returned {
        // Not behind its group: it had its turn before them.
        let rank = rank.max(next_rank(transaction, &provider, "")?);
        set_ready(transaction, id, rank)?;
    }
    Ok(())
}

type Due = (i64, String, String, i64);

fn due(transaction: &Transaction<'_>, statement: &str) -> rusqlite::Result<Vec<Due>> {
    transaction
        .connection
        .prepare_cached(statement)?
        .query_map((transaction.now, STEP), |row| row.try_into())?
        .collect()
}

fn set_ready(transaction: &Transaction<'_>, id: i64, rank: i64) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached("UPDATE messages SET state = 0, rank = ?2 WHERE id = ?1")?
        .execute((id, rank))
        .map(drop)
}

/// The next ids: the first of each provider, then the second of each, and so on.
fn heads(
    transaction: &Transaction<'_>,
    demand: &Demand,
    most: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut heads = Vec::new();
    let mut statement = transaction.connection.prepare_cached(
        "SELECT id FROM messages WHERE state = 0 AND provider = ?1 ORDER BY rank, id LIMIT ?2",
    )?;
    let providers = Provider::ALL.len();
    for (index, provider) in Provider::ALL.iter().enumerate() {
        let place = (index + providers - demand.first % providers) % providers;
        let ids = statement.query_map((provider.as_str(), most as i64), |row| row.get(0))?;
        for (round, id) in ids.enumerate() {
            heads.push((round, place, id?));
        }
    }
    heads.sort_unstable();
    Ok(heads.into_iter().take(most).map(|(_, _, id)| id).collect())
}

/// Nothing when the message was received too often and is a dead letter now. One that expires never
/// becomes one: it is offered until its time is over.
fn take(
    transaction: &Transaction<'_>,
    demand: &Demand,
    id: i64,
) -> rusqlite::Result<Option<Received>> {
    let exhausted: bool = transaction
        .connection
        .prepare_cached("SELECT receives >= ?2 AND expires IS NULL FROM messages WHERE id = ?1")?
        .query_row((id, demand.max_receives), |row| row.get(0))?;
    if exhausted {
        let reason = format!("received {} times and not acknowledged", demand.max_receives);
        return dead_letter(transaction, id, &reason).and(Ok(None));
    }
    transaction
        .connection
        .prepare_cached(
            "UPDATE messages SET state = 2, visible_at = ?2, receives = receives + 1,
                 generation = generation + 1
                 WHERE id = ?1
                 RETURNING id, generation, receives, sent_at,
                     coalesce((SELECT body FROM bodies WHERE id = messages.id),
                              (SELECT body FROM confidential WHERE id = messages.id))",
        )?
        .query_row((id, transaction.now + demand.visibility), received)
        .map(Some)
}

fn received(row: &Row<'_>) -> rusqlite::Result<Received> {
    Ok(Received {
        receipt: Receipt { id: row.get(0)?, generation: row.get(1)? },
        receive_count: row.get(2)?,
        sent: moment(row.get(3)?),
        body: row.get(4)?,
    })
}

fn dead_letter(transaction: &Transaction<'_>, id: i64, reason: &str) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached(
            "INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at)
                 SELECT provider, kind, body, receives, ?2, sent_at, ?3
                 FROM messages JOIN bodies USING (id) WHERE id = ?1",
        )?
        .execute((id, reason, transaction.now))?;
    transaction
        .connection
        .prepare_cached("DELETE FROM messages WHERE id = ?1")?
        .execute([id])
        .map(drop)
}

/// The rank of a message that becomes ready in this group.
pub(crate) fn next_rank(
    transaction: &Transaction<'_>,
    provider: &str,
    group: &str,
) -> rusqlite::Result<i64> {
    transaction
        .connection
        .prepare_cached(
            "SELECT max(
                 coalesce((SELECT min(rank) FROM messages WHERE state = 0 AND provider = ?1), 0),
                 coalesce((SELECT max(rank) + 1 FROM messages WHERE state = 0 AND grp = ?2), 0))",
        )?
        .query_row((provider, group), |row| row.get(0))
}
