use ports::{Item, Items, PortResult};
use rusqlite::Row;
use serde_json::Value;

use crate::clock::{from_micros, to_micros};
use crate::compression::{pack_with, unpack_with};
use crate::ledger::LocalLedger;
use crate::transaction::Transaction;

/// After any place in a partition.
const END: &str = "\u{10FFFF}";

impl Items for LocalLedger {
    async fn put_item(&self, item: Item) -> PortResult<()> {
        self.database.call(move |transaction| put(transaction, &item)).await
    }

    async fn delete_item(&self, partition: &str, sort: &str) -> PortResult<()> {
        let (partition, sort) = (partition.to_owned(), sort.to_owned());
        self.database
            .call(move |transaction| {
                transaction
                    .connection
                    .prepare_cached("DELETE FROM items WHERE partition = ?1 AND sort = ?2")?
                    .execute((&partition, &sort))
                    .map(drop)
            })
            .await
    }

    async fn items(
        &self,
        partition: &str,
        between: Option<(&str, &str)>,
        limit: u32,
    ) -> PortResult<Vec<Item>> {
        let partition = partition.to_owned();
        let (first, last) = between.unwrap_or(("", END));
        let (first, last) = (first.to_owned(), last.to_owned());
        self.database
            .read(move |transaction| list(transaction, &partition, (&first, &last), limit))
            .await
    }

    async fn put_and_list(&self, item: Item, partition: &str, limit: u32) -> PortResult<Vec<Item>> {
        let partition = partition.to_owned();
        self.database
            .call(move |transaction| {
                put(transaction, &item)?;
                list(transaction, &partition, ("", END), limit)
            })
            .await
    }
}

/// What values have in common. Stored values need it: it is never changed.
const WORDS: &str = concat!(
    r#"{"certificate":{"names":{"dns":["#,
    r#""],"email":[],"ip":[]},"spki_sha256":","tbs_sha256":"},"id":","provider":"digicert"}"#,
);

/// The dictionary for the value of an item. A value repeats the hashes and ids of its keys, so these are in it.
fn dictionary(partition: &str, sort: &str) -> Vec<u8> {
    [WORDS, partition, "\"", sort, "\""].concat().into_bytes()
}

fn put(transaction: &Transaction<'_>, item: &Item) -> rusqlite::Result<()> {
    let Item { partition, sort, value, kept_until } = item;
    let packed = pack_with(value.as_bytes(), &dictionary(partition, sort));
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO items (partition, sort, value, packed, keep_until)
                 VALUES (?1, ?2, '', ?3, ?4)",
        )?
        .execute((partition, sort, packed, to_micros(*kept_until)))
        .map(drop)
}

fn list(
    transaction: &Transaction<'_>,
    partition: &str,
    (first, last): (&str, &str),
    limit: u32,
) -> rusqlite::Result<Vec<Item>> {
    let mut select = transaction.connection.prepare_cached(
        "SELECT partition, sort, keep_until, packed, value FROM items
             WHERE partition = ?1 AND sort BETWEEN ?2 AND ?3 AND keep_until > ?4
             ORDER BY sort LIMIT ?5",
    )?;
    select.query_map((partition, first, last, transaction.now, limit), item)?.collect()
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let (partition, sort): (String, String) = (row.get(0)?, row.get(1)?);
    let packed: Option<Vec<u8>> = row.get(3)?;
    let value = match packed {
        Some(packed) => {
            let unpacked = unpack_with(&packed, &dictionary(&partition, &sort))?;
            String::from_utf8_lossy(&unpacked).into_owned()
        }
        // Of an older version.
        None => row.get(4)?,
    };
    Ok(Item { partition, sort, value, kept_until: from_micros(row.get(2)?) })
}

/// Deletes what events with these ids, or their replays, repeats and conflicts, said of certificates.
pub(crate) fn erase(transaction: &Transaction<'_>, ids: &[String]) -> rusqlite::Result<()> {
    let connection = transaction.connection;
    let is_erased = |id: &str| {
        ids.iter().any(|erased| {
            id.strip_prefix(erased.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let mut select =
        connection.prepare("SELECT partition, sort, keep_until, packed, value FROM items")?;
    let mut erased = Vec::new();
    for found in select.query_map([], item)? {
        let Item { partition, sort, value, .. } = found?;
        let value: Value = serde_json::from_str(&value).unwrap_or_default();
        if value["id"].as_str().is_some_and(is_erased) {
            erased.push((partition, sort));
        }
    }
    let mut delete = connection.prepare("DELETE FROM items WHERE partition = ?1 AND sort = ?2")?;
    erased.iter().try_for_each(|(partition, sort)| delete.execute((partition, sort)).map(drop))
}
