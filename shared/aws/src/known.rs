use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use ports::{PortError, PortResult};
use time::OffsetDateTime;

use crate::error::port_error;
use crate::item::{Item, RECORDED, VARIABLE, event_key};

const OPERATION: &str = "BatchGetItem";
/// "Up to 16 MB of data, which can contain as many as 100 items" (DynamoDB, BatchGetItem).
const BATCH_SIZE: usize = 100;
/// The pause before each attempt; all but the first retry the keys that DynamoDB left unprocessed.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// Returns those of `ids` that are recorded, and until when each is kept.
pub(crate) async fn known(
    client: &Client,
    table: &str,
    ids: &[String],
) -> PortResult<HashMap<String, OffsetDateTime>> {
    // DynamoDB refuses a batch with a duplicate key.
    let ids: Vec<_> = ids.iter().collect::<HashSet<_>>().into_iter().collect();
    let mut known = HashMap::new();
    for batch in ids.chunks(BATCH_SIZE) {
        let keys = batch.iter().map(|id| event_key(id)).collect();
        let found = read(client, table, keys).await?;
        known.extend(found.iter().filter_map(recorded));
    }
    Ok(known)
}

async fn read(client: &Client, table: &str, mut keys: Vec<Item>) -> PortResult<Vec<Item>> {
    let mut found = Vec::new();
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .projection_expression("pk, #state, expires_at")
            .expression_attribute_names("#state", "state")
            .consistent_read(true)
            .build()
            .map_err(|error| PortError(format!("{VARIABLE}: {OPERATION}: {error}")))?;
        let get = client.batch_get_item().request_items(table, wanted);
        let got = Box::pin(get.send()).await;
        let mut got = got.map_err(|error| port_error(VARIABLE, OPERATION, &error))?;
        found.extend(got.responses.take().into_iter().flatten().flat_map(|(_, items)| items));
        let left = got.unprocessed_keys.take().into_iter().flatten();
        keys = left.flat_map(|(_, left)| left.keys).collect();
        if keys.is_empty() {
            return Ok(found);
        }
    }
    Err(PortError(format!("{VARIABLE}: {OPERATION}: keys remain unprocessed; try again later")))
}

/// The id and expiry of a recorded item. An expired item is ignored; DynamoDB may keep it for days.
fn recorded(item: &Item) -> Option<(String, OffsetDateTime)> {
    let text = |name: &str| item.get(name)?.as_s().ok();
    let seconds = item.get("expires_at").and_then(|at: &AttributeValue| at.as_n().ok())?;
    let kept = OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?;
    let is_recorded = text("state")? == RECORDED && kept > OffsetDateTime::now_utc();
    is_recorded.then(|| Some((text("pk")?.strip_prefix("event#")?.to_owned(), kept)))?
}
