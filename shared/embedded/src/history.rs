use std::collections::BTreeSet;

use ports::{CertificateState, Entry, History, HistoryRecord, Ordering};
use rusqlite::OptionalExtension;
use rusqlite::types::Type;

use crate::clock::{from_micros, to_micros};
use crate::compression::Packed;
use crate::transaction::Transaction;

/// Moves the state of a certificate on, unless the stored rank is higher. One statement compares and
/// updates; an expired row counts as absent.
pub(crate) fn advance(
    transaction: &Transaction<'_>,
    state: &CertificateState,
) -> rusqlite::Result<Ordering> {
    let updated = transaction
        .connection
        .prepare_cached(
            "INSERT INTO certificates (certificate, place, kind, id, time, keep_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (certificate) DO UPDATE SET place = excluded.place,
                 kind = excluded.kind, id = excluded.id, time = excluded.time,
                 keep_until = excluded.keep_until
             WHERE place <= excluded.place OR keep_until <= ?7",
        )?
        .execute((
            &state.certificate,
            state.rank,
            &state.kind,
            &state.id,
            to_micros(state.time),
            to_micros(state.kept_until),
            transaction.now,
        ))?;
    Ok(if updated == 0 { Ordering::Stale } else { Ordering::Current })
}

/// Adds an entry to the history of a certificate. The same event again replaces its entry; a replay
/// gets an entry of its own.
pub(crate) fn append(
    transaction: &Transaction<'_>,
    record: &HistoryRecord,
) -> rusqlite::Result<()> {
    let HistoryRecord { certificate, aliases, entry, kept_until } = record;
    let keep_until = to_micros(*kept_until);
    let replay = if entry.is_replay() { to_micros(entry.delivered) } else { 0 };
    let text = serde_json::to_vec(entry)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let provider = certificate.split('/').next().unwrap_or_default();
    let packed = transaction.pack(&format!("history/{provider}"), &text)?;
    let received = to_micros(entry.received);
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO history
                     (certificate, received, id, replay, entry, keep_until, dictionary, packed)
                 VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, ?7)",
        )?
        .execute((
            certificate,
            received,
            &entry.id,
            replay,
            keep_until,
            packed.dictionary,
            packed.bytes,
        ))?;
    for alias in aliases {
        transaction
            .connection
            .prepare_cached(
                "INSERT INTO aliases (alias, certificate, keep_until) VALUES (?1, ?2, ?3)
                 ON CONFLICT (alias, certificate) DO UPDATE SET keep_until = excluded.keep_until",
            )?
            .execute((alias, certificate, keep_until))?;
    }
    Ok(())
}

/// The histories of the certificates that have one of these names: their own, an alias, or the id of an event.
pub(crate) fn find(
    transaction: &Transaction<'_>,
    names: &[String],
) -> rusqlite::Result<Vec<History>> {
    let mut certificates: BTreeSet<String> = names.iter().cloned().collect();
    for name in names {
        let mut statement = transaction.connection.prepare_cached(
            "SELECT certificate FROM aliases WHERE alias = ?1 AND keep_until > ?2
             UNION SELECT certificate FROM history WHERE id = ?1 AND keep_until > ?2
                 ORDER BY certificate LIMIT ?3",
        )?;
        let rows = statement
            .query_map((name, transaction.now, History::CERTIFICATES), |row| row.get(0))?;
        certificates.extend(rows.collect::<rusqlite::Result<Vec<String>>>()?);
    }
    let mut found = Vec::new();
    for certificate in certificates {
        let history = history(transaction, certificate)?;
        if history.state.is_some() || !history.entries.is_empty() {
            found.push(history);
        }
    }
    found.truncate(History::CERTIFICATES as usize);
    Ok(found)
}

/// The histories of the next certificates.
pub(crate) fn after(
    transaction: &Transaction<'_>,
    certificate: &str,
    limit: u32,
) -> rusqlite::Result<Vec<History>> {
    let mut statement = transaction.connection.prepare_cached(
        "SELECT DISTINCT certificate FROM history WHERE certificate > ?1 AND keep_until > ?2
             ORDER BY certificate LIMIT ?3",
    )?;
    let rows = statement.query_map((certificate, transaction.now, limit), |row| row.get(0))?;
    let certificates = rows.collect::<rusqlite::Result<Vec<String>>>()?;
    certificates.into_iter().map(|certificate| history(transaction, certificate)).collect()
}

fn history(transaction: &Transaction<'_>, certificate: String) -> rusqlite::Result<History> {
    let state = state(transaction, &certificate)?;
    let entries = entries(transaction, &certificate)?;
    Ok(History { certificate, state, entries })
}

fn state(
    transaction: &Transaction<'_>,
    certificate: &str,
) -> rusqlite::Result<Option<CertificateState>> {
    transaction
        .connection
        .prepare_cached(
            "SELECT certificate, place, kind, id, time, keep_until FROM certificates
                 WHERE certificate = ?1 AND keep_until > ?2",
        )?
        .query_row((certificate, transaction.now), |row| {
            Ok(CertificateState {
                certificate: row.get(0)?,
                rank: row.get(1)?,
                kind: row.get(2)?,
                id: row.get(3)?,
                time: from_micros(row.get(4)?),
                kept_until: from_micros(row.get(5)?),
            })
        })
        .optional()
}

fn entries(transaction: &Transaction<'_>, certificate: &str) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = transaction.connection.prepare_cached(
        "SELECT dictionary, coalesce(packed, CAST(entry AS BLOB)) FROM history
             WHERE certificate = ?1 AND keep_until > ?2
             ORDER BY received DESC, id DESC, replay DESC LIMIT ?3",
    )?;
    let rows = statement.query_map((certificate, transaction.now, History::ENTRIES), |row| {
        entry(transaction, Packed::of(row, 0)?)
    })?;
    let mut entries = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    entries.reverse();
    Ok(entries)
}

fn entry(transaction: &Transaction<'_>, packed: Packed) -> rusqlite::Result<Entry> {
    serde_json::from_slice(&transaction.unpack(packed)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
