use ports::{Item, Items, PortResult};

use crate::clock::{from_micros, to_micros};
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

fn put(transaction: &Transaction<'_>, item: &Item) -> rusqlite::Result<()> {
    let Item { partition, sort, value, kept_until } = item;
    transaction
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO items (partition, sort, value, keep_until)
                 VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((partition, sort, value, to_micros(*kept_until)))
        .map(drop)
}

fn list(
    transaction: &Transaction<'_>,
    partition: &str,
    (first, last): (&str, &str),
    limit: u32,
) -> rusqlite::Result<Vec<Item>> {
    let mut select = transaction.connection.prepare_cached(
        "SELECT sort, value, keep_until FROM items
             WHERE partition = ?1 AND sort BETWEEN ?2 AND ?3 AND keep_until > ?4
             ORDER BY sort LIMIT ?5",
    )?;
    let rows = select.query_map((partition, first, last, transaction.now, limit), |row| {
        Ok(Item {
            partition: partition.to_owned(),
            sort: row.get(0)?,
            value: row.get(1)?,
            kept_until: from_micros(row.get(2)?),
        })
    })?;
    rows.collect()
}
