use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use ports::{DeliveryRecord, PortResult};

use crate::fault::fault;
use crate::history;
use crate::ledger::{RECORDED, VARIABLE, event, number, text};

/// Before each further try. What is delivered and not recorded is delivered again, so this is not given
/// up as soon as other calls are.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];
/// Nor is it begun again after this: a worker has 30 s in all, and other events to bring back.
const PATIENCE: Duration = Duration::from_secs(5);

/// History first, then the id.
pub(crate) async fn record(
    client: &Client,
    table: &str,
    recorded: &DeliveryRecord,
) -> PortResult<()> {
    let began = Instant::now();
    for pause in PAUSES {
        match attempt(client, table, recorded).await {
            Err(_) if began.elapsed() + pause < PATIENCE => tokio::time::sleep(pause).await,
            ended => return ended,
        }
    }
    attempt(client, table, recorded).await
}

async fn attempt(client: &Client, table: &str, recorded: &DeliveryRecord) -> PortResult<()> {
    if let Some(record) = &recorded.history {
        history::append(client, table, record).await?;
    }
    let mut item = event(&recorded.id);
    item.insert("state".into(), text(RECORDED));
    item.insert("expires_at".into(), number(recorded.kept_until.unix_timestamp().into()));
    let put = client.put_item().table_name(table).set_item(Some(item));
    Box::pin(put.send()).await.map(drop).map_err(|error| fault(VARIABLE, "PutItem", &error))
}
