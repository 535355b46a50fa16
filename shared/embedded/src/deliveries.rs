use ports::{Deliveries, Delivery, PortResult};

use crate::database::Database;

/// The deliveries queue: a table that only grows, until what is older than 14 days is deleted.
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

impl Deliveries for LocalDeliveries {
    /// The same id twice makes two rows: a repeat shows as one.
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        self.database
            .call(move |turn| {
                turn.connection
                    .prepare_cached(
                        "INSERT INTO deliveries (id, kind, provider, subject, published_at, body)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute((
                        &delivery.id,
                        &delivery.kind,
                        delivery.provider.as_str(),
                        &delivery.subject,
                        turn.now,
                        &delivery.body,
                    ))
                    .map(drop)
            })
            .await
    }
}
