use ports::{Deliveries, Delivery, DeliveryRecord, Ledger, PortResult};

use crate::database::Database;
use crate::ledger::record;
use crate::transaction::Transaction;

/// The deliveries queue: an append-only table, from which rows older than 14 days are deleted.
/// [`Reader::read_after`](crate::Reader::read_after) reads it.
#[derive(Clone)]
pub struct LocalDeliveries {
    database: Database,
}

impl LocalDeliveries {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

/// An event that the worker published before a crash, but could not record, it publishes again; the
/// row exists already then. An id that was forgotten may come once more.
const IS_PUBLISHED: &str =
    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1 AND forgotten = 0)";
const PUBLISH: &str = "
    INSERT INTO deliveries (id, kind, provider, subject, published_at, body, dictionary, packed)
        VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7)";

impl Deliveries for LocalDeliveries {
    /// An id is in the table once, unless it was forgotten, for as long as its row is kept.
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        self.database.call(move |transaction| publish(transaction, &delivery)).await
    }

    /// The ledger is in the same database.
    async fn publish_recorded(
        &self,
        delivery: Delivery,
        _ledger: &impl Ledger,
        records: Vec<DeliveryRecord>,
    ) -> PortResult<()> {
        self.database
            .call(move |transaction| {
                publish(transaction, &delivery)?;
                records.iter().try_for_each(|it| record(transaction, it))
            })
            .await
    }
}

fn publish(transaction: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    let Delivery { id, kind, provider, subject, body, .. } = delivery;
    let is_published: bool =
        transaction.connection.prepare_cached(IS_PUBLISHED)?.query_row([id], |row| row.get(0))?;
    if is_published {
        return Ok(());
    }
    let provider = provider.as_str();
    let packed = transaction.pack(&format!("deliveries/{provider}"), body.as_bytes())?;
    transaction
        .connection
        .prepare_cached(PUBLISH)?
        .execute((id, kind, provider, subject, transaction.now, packed.dictionary, packed.bytes))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use envelope::Provider;
    use harness::history::{now, recorded};
    use ports::{Deliveries, Delivery, Ledger};

    use crate::test_folder::TestFolder;
    use crate::{Options, State};

    #[tokio::test]
    async fn nothing_is_delivered_without_its_record() {
        let folder = TestFolder::new();
        let state = State::open(folder.path(), Options::default()).unwrap();
        let rename = async |old: &str, new: &str| {
            let rename = format!("ALTER TABLE {old} RENAME TO {new}");
            let run = state.database().call(move |it| it.connection.execute_batch(&rename));
            run.await.unwrap();
        };
        let publish = async || {
            let text = || "id".to_owned();
            let (id, kind, subject, group, body) = (text(), text(), text(), text(), text());
            let delivery =
                Delivery { id, kind, provider: Provider::DIGICERT, subject, group, body };
            let records = vec![recorded("id", now(), &[])];
            state.deliveries().publish_recorded(delivery, &state.ledger(), records).await
        };
        rename("history", "away").await;
        publish().await.unwrap_err();
        assert_eq!(state.reader().last_sequence().await.unwrap(), 0);
        rename("away", "history").await;
        for _ in 0..2 {
            publish().await.unwrap();
            assert_eq!(state.reader().last_sequence().await.unwrap(), 1);
            assert!(state.ledger().known(&["id".to_owned()]).await.unwrap().contains_key("id"));
        }
    }
}
