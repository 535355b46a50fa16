use data_encoding::HEXLOWER;
use ports::{Archive, ArchiveReader, PortResult, key_beside};
use ring::digest::{SHA256, digest};
use rusqlite::OptionalExtension;

use crate::compression::Packed;
use crate::database::Database;
use crate::transaction::Transaction;

/// Maximum number of keys in a page.
const PAGE_SIZE: i64 = 10_000;

/// The archive: a row for each object, compressed. It is in the database, so that an object shares the commit
/// of what was done together with it.
#[derive(Clone)]
pub struct LocalArchive {
    database: Database,
}

impl LocalArchive {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Archive for LocalArchive {
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let key = key.to_owned();
        let stored = self.database.call(move |transaction| put(transaction, &key, &body));
        Ok(format!("certhooks:archive/{}", stored.await?))
    }
}

impl ArchiveReader for LocalArchive {
    async fn list(&self, prefix: &str, after: &str) -> PortResult<Vec<String>> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.database.read(move |transaction| list(transaction, &prefix, &after)).await
    }

    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.database.read(move |transaction| get(transaction, &key)).await
    }
}

/// Stores an object, and returns its key: another one that has the key already stays, since it may be the
/// evidence of a forged event whose id was forgotten.
pub(crate) fn put(
    transaction: &Transaction<'_>,
    key: &str,
    body: &[u8],
) -> rusqlite::Result<String> {
    if insert(transaction, key, body)? || get(transaction, key)?.as_deref() == Some(body) {
        return Ok(key.to_owned());
    }
    let hash = HEXLOWER.encode(digest(&SHA256, body).as_ref());
    let beside = key_beside(key, hash.get(..16).unwrap_or(&hash));
    insert(transaction, &beside, body)?;
    Ok(beside)
}

/// Whether the object was stored. `false` if there is one with its key.
fn insert(transaction: &Transaction<'_>, key: &str, body: &[u8]) -> rusqlite::Result<bool> {
    const INSERT: &str = "
        INSERT INTO archive (key, archived_at, dictionary, packed) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
    let provider = key.split('/').next().unwrap_or_default();
    let packed = transaction.pack(&format!("archive/{provider}"), body)?;
    let row = (key, transaction.now, packed.dictionary, packed.bytes);
    Ok(transaction.connection.prepare_cached(INSERT)?.execute(row)? > 0)
}

fn get(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let packed = transaction
        .connection
        .prepare_cached("SELECT dictionary, packed FROM archive WHERE key = ?1")?
        .query_row([key], |row| Packed::of(row, 0))
        .optional()?;
    packed.map(|packed| transaction.unpack(packed)).transpose()
}

fn list(transaction: &Transaction<'_>, prefix: &str, after: &str) -> rusqlite::Result<Vec<String>> {
    // '0' follows '/', with which a prefix ends.
    let end = format!("{}0", prefix.trim_end_matches('/'));
    transaction
        .connection
        .prepare_cached(
            "SELECT key FROM archive WHERE key >= ?1 AND key < ?2 AND key > ?3 ORDER BY key LIMIT ?4",
        )?
        .query_map((prefix, end, after, PAGE_SIZE), |row| row.get(0))?
        .collect()
}
