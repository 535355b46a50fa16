use std::collections::HashMap;

use envelope::Outcome;
use ports::{
    CHALLENGES, CertificateState, Claim, DeliveredResult, DeliveryRecord, Ledger, Ordering,
    PortResult,
};
use rusqlite::{OptionalExtension, Row};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::clock::{from_micros, to_micros};
use crate::database::Database;
use crate::history;
use crate::transaction::Transaction;

/// The ledger: claims, recorded ids, states and histories of certificates, and challenges that wait
/// for an answer.
#[derive(Clone)]
pub struct LocalLedger {
    pub(crate) database: Database,
}

impl LocalLedger {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Ledger for LocalLedger {
    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let (id, owner) = (id.to_owned(), owner.to_owned());
        self.database
            .read(move |transaction| claim(transaction, &id, &owner, to_micros(until)))
            .await
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        self.database.call(move |transaction| history::advance(transaction, &state)).await
    }

    async fn record(&self, recorded: DeliveryRecord) -> PortResult<()> {
        self.database.call(move |transaction| record(transaction, &recorded)).await
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let (id, owner) = (id.to_owned(), owner.to_owned());
        self.database
            .call(move |transaction| {
                transaction.claims().release(&id, &owner);
                Ok(())
            })
            .await
    }

    async fn forget(&self, id: &str) -> PortResult<()> {
        let id = id.to_owned();
        self.database
            .call(move |transaction| {
                for statement in [
                    "DELETE FROM ledger WHERE id = ?1",
                    "UPDATE deliveries SET forgotten = 1 WHERE id = ?1",
                ] {
                    transaction.connection.prepare_cached(statement)?.execute([&id])?;
                }
                Ok(())
            })
            .await
    }

    async fn known(&self, ids: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        let ids = ids.to_vec();
        self.database.read(move |transaction| known(transaction, &ids)).await
    }

    async fn keep_challenge(
        &self,
        webhook_id: &str,
        token: &SecretString,
        expires: OffsetDateTime,
    ) -> PortResult<()> {
        let (webhook_id, token) = (webhook_id.to_owned(), token.clone());
        self.database
            .call(move |transaction| {
                keep_challenge(transaction, &webhook_id, &token, to_micros(expires))
            })
            .await
    }

    async fn delete_challenge(&self, webhook_id: &str, expires: OffsetDateTime) -> PortResult<()> {
        let webhook_id = webhook_id.to_owned();
        self.database
            .call(move |transaction| {
                transaction.request_scrub();
                transaction
                    .connection
                    .prepare_cached(
                        "DELETE FROM challenges WHERE webhook_id = ?1 AND expires = ?2",
                    )?
                    .execute((&webhook_id, to_micros(expires)))
                    .map(drop)
            })
            .await
    }
}

fn claim(
    transaction: &Transaction<'_>,
    id: &str,
    owner: &str,
    until: i64,
) -> rusqlite::Result<Claim> {
    let recorded = transaction
        .connection
        .prepare_cached("SELECT received, outcome, leaf FROM ledger WHERE id = ?1")?
        .query_row([id], result)
        .optional()?;
    if let Some(result) = recorded {
        return Ok(Claim::Recorded(result));
    }
    let held = transaction.claims().take(id, owner, until, transaction.now);
    Ok(held.map_or(Claim::Granted, |until| Claim::Held { until: from_micros(until) }))
}

/// What was delivered, of a row that says so.
fn result(row: &Row<'_>) -> rusqlite::Result<Option<DeliveredResult>> {
    let received: Option<i64> = row.get(0)?;
    let outcome: Option<String> = row.get(1)?;
    let outcome = outcome.and_then(|word| Outcome::named(&word));
    let leaf = row.get(2)?;
    let result = received.zip(outcome);
    Ok(result.map(|(received, outcome)| DeliveredResult {
        received: from_micros(received),
        outcome,
        leaf,
    }))
}

/// All writes succeed or none: a call is done as a whole.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    recorded: &DeliveryRecord,
) -> rusqlite::Result<()> {
    if let Some(record) = &recorded.history {
        history::append(transaction, record)?;
    }
    transaction.claims().end(&recorded.id);
    let result = recorded.result.as_ref();
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO ledger (id, keep_until, received, outcome, leaf)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            &recorded.id,
            to_micros(recorded.kept_until),
            result.map(|result| to_micros(result.received)),
            result.map(|result| result.outcome.as_str()),
            result.and_then(|result| result.leaf.as_deref()),
        ))
        .map(drop)
}

/// The recorded ones of `ids`. One query for each is cheap: it is a look-up in the primary key.
fn known(
    transaction: &Transaction<'_>,
    ids: &[String],
) -> rusqlite::Result<HashMap<String, OffsetDateTime>> {
    let mut select = transaction
        .connection
        .prepare_cached("SELECT keep_until FROM ledger WHERE id = ?1 AND keep_until > ?2")?;
    let mut known = HashMap::new();
    for id in ids {
        let keep_until: Option<i64> =
            select.query_row((id, transaction.now), |row| row.get(0)).optional()?;
        known.extend(keep_until.map(|keep_until| (id.clone(), from_micros(keep_until))));
    }
    Ok(known)
}

fn keep_challenge(
    transaction: &Transaction<'_>,
    webhook_id: &str,
    token: &SecretString,
    expires: i64,
) -> rusqlite::Result<()> {
    // A token that is deleted here must leave no trace.
    transaction.request_scrub();
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO challenges (webhook_id, token, expires) VALUES (?1, ?2, ?3)",
        )?
        .execute((webhook_id, token.expose_secret(), expires))?;
    transaction
        .connection
        .prepare_cached(
            "DELETE FROM challenges WHERE expires <= ?1 OR webhook_id = ?2 AND expires NOT IN
                 (SELECT expires FROM challenges WHERE webhook_id = ?2 ORDER BY expires DESC LIMIT ?3)",
        )?
        .execute((transaction.now, webhook_id, CHALLENGES as i64))
        .map(drop)
}
