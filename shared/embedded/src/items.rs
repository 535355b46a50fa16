use ports::{Item, Items, PortResult};

use crate::clock::{from_micros, to_micros};
use crate::ledger::LocalLedger;

impl Items for LocalLedger {
    async fn put_item(&self, item: Item) -> PortResult<()> {
        self.database
            .call(move |transaction| {
                let Item { partition, sort, value, kept_until } = &item;
                transaction
                    .connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO items (partition, sort, value, keep_until)
                             VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((partition, sort, value, to_micros(*kept_until)))
                    .map(drop)
            })
            .await
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
        last: Option<&str>,
        limit: u32,
    ) -> PortResult<Vec<Item>> {
        let (partition, last) = (partition.to_owned(), last.map(str::to_owned));
        self.database
            .call(move |transaction| {
                let mut select = transaction.connection.prepare_cached(
                    "SELECT sort, value, keep_until FROM items
                         WHERE partition = ?1 AND (?2 IS NULL OR sort <= ?2) AND keep_until > ?3
                         ORDER BY sort LIMIT ?4",
                )?;
                let rows =
                    select.query_map((&partition, &last, transaction.now, limit), |row| {
                        Ok(Item {
                            partition: partition.clone(),
                            sort: row.get(0)?,
                            value: row.get(1)?,
                            kept_until: from_micros(row.get(2)?),
                        })
                    })?;
                rows.collect()
            })
            .await
    }
}
