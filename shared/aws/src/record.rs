use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use ports::{DeliveryRecord, PortResult};

use crate::error::port_error;
use crate::history;
use crate::item::{RECORDED, VARIABLE, event_key, number, text};

/// The pause before each retry. A delivery that is not recorded is repeated, so this call has more
/// retries than others.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];
/// When the last retry may begin. A worker has 30 seconds in all, and other events to process.
const RETRY_LIMIT: Duration = Duration::from_secs(5);

/// Writes the history first, then the id.
pub(crate) async fn record(
    client: &Client,
    table: &str,
    delivery: &DeliveryRecord,
) -> PortResult<()> {
    let began = Instant::now();
    for pause in PAUSES {
        match attempt(client, table, delivery).await {
            Err(_) if began.elapsed() + pause < RETRY_LIMIT => tokio::time::sleep(pause).await,
            result => return result,
        }
    }
    attempt(client, table, delivery).await
}

async fn attempt(client: &Client, table: &str, delivery: &DeliveryRecord) -> PortResult<()> {
    if let Some(record) = &delivery.history {
        history::append(client, table, record).await?;
    }
    let mut item = event_key(&delivery.id);
    item.insert("state".into(), text(RECORDED));
    item.insert("expires_at".into(), number(delivery.kept_until.unix_timestamp().into()));
    let put = client.put_item().table_name(table).set_item(Some(item));
    Box::pin(put.send()).await.map(drop).map_err(|error| port_error(VARIABLE, "PutItem", &error))
}
