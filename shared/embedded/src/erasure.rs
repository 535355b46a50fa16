use crate::transaction::Transaction;
use crate::{compression, items};

/// Events and certificates of which nothing is to be kept.
#[derive(Clone, Debug, Default)]
pub struct Erasure {
    /// Ids of events.
    pub ids: Vec<String>,
    /// Keys in the archive. What is beside one of them (see [`ports::key_beside`]) goes too.
    pub keys: Vec<String>,
    /// Certificates with a history, by their keys in the ledger.
    pub certificates: Vec<String>,
}

/// How many rows were erased.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Erased {
    pub deliveries: usize,
    pub archived: usize,
    pub history: usize,
    pub dead_letters: usize,
}

impl Erasure {
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.certificates.is_empty()
    }
}

/// Deletes all that is stored of events and certificates, and its traces. The ledger keeps the ids alone,
/// else an event that its provider sends again would be delivered again.
pub(crate) fn erase(
    transaction: &Transaction<'_>,
    Erasure { ids, keys, certificates }: &Erasure,
) -> rusqlite::Result<Erased> {
    let connection = transaction.connection;
    let mut erased = Erased::default();
    for id in ids {
        // With its replays, repeats and conflicts, whose ids begin with it. '0' follows '/'.
        erased.deliveries += connection.execute(
            "DELETE FROM deliveries WHERE id = ?1 OR id > ?1 || '/' AND id < ?1 || '0'",
            [id],
        )?;
        erased.dead_letters += connection.execute(
            "DELETE FROM dead_letters WHERE json_valid(body) AND json_extract(body, '$.id') = ?1",
            [id],
        )?;
        connection.execute(
            "UPDATE ledger SET received = NULL, outcome = NULL, leaf = NULL
                 WHERE id = ?1 OR id > ?1 || '/' AND id < ?1 || '0'",
            [id],
        )?;
    }
    items::erase(transaction, ids)?;
    for key in keys {
        erased.archived += connection.execute(
            "DELETE FROM archive WHERE key = ?1 OR key > ?1 || '~' AND key < ?1 || '~~'",
            [key],
        )?;
    }
    for certificate in certificates {
        erased.history +=
            connection.execute("DELETE FROM history WHERE certificate = ?1", [certificate])?;
        for table in ["certificates", "aliases"] {
            connection
                .execute(&format!("DELETE FROM {table} WHERE certificate = ?1"), [certificate])?;
        }
    }
    // A key there may be of what is erased.
    connection.execute("DELETE FROM expiry_places", [])?;
    compression::purge(transaction, ids)?;
    // So that the write-ahead log is truncated.
    transaction.request_scrub();
    Ok(erased)
}
