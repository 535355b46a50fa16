use ports::{Deliveries, Delivery, PortResult};

use crate::database::Database;
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
