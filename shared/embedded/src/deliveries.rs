use ports::{Deliveries, Delivery, PortResult};

use crate::database::Database;

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
const PUBLISH: &str = "
    INSERT INTO deliveries (id, kind, provider, subject, published_at, body)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6
        WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1 AND forgotten = 0)";

impl Deliveries for LocalDeliveries {
    /// An id is in the table once, unless it was forgotten, for as long as its row is kept.
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        self.database
            .call(move |transaction| {
                transaction
                    .connection
                    .prepare_cached(PUBLISH)?
                    .execute((
                        &delivery.id,
                        &delivery.kind,
                        delivery.provider.as_str(),
                        &delivery.subject,
                        transaction.now,
                        &delivery.body,
                    ))
                    .map(drop)
            })
            .await
    }
}
