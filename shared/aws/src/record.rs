use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use envelope::Outcome;
use ports::{DeliveredResult, DeliveryRecord, PortResult};
use time::OffsetDateTime;

use crate::error::port_error;
use crate::history;
use crate::item::{Item, RECORDED, VARIABLE, event_key, number, text};

/// The pause before each retry. A delivery that is not recorded is repeated, so this call has more
/// retries than others.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];
/// When the last retry may begin. A worker has 30 seconds in all, and other events to process.
const RETRY_LIMIT: Duration = Duration::from_secs(5);

const CERTIFICATE: &str = "certificate";

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
    let certificate = delivery.history.as_ref().map(|record| text(&record.certificate));
    let mut item = event_key(&delivery.id);
    item.insert("state".into(), text(RECORDED));
    item.insert("expires_at".into(), number(delivery.kept_until.unix_timestamp().into()));
    // By which the id leads to the history.
    item.extend(certificate.map(|certificate| (CERTIFICATE.into(), certificate)));
    if let Some(DeliveredResult { received, outcome, leaf }) = &delivery.result {
        item.insert("received".into(), number(received.unix_timestamp_nanos() / 1000));
        item.insert("outcome".into(), text(outcome.as_str()));
        item.extend(leaf.iter().map(|leaf| ("leaf".into(), text(leaf))));
    }
    let put = client.put_item().table_name(table).set_item(Some(item));
    Box::pin(put.send()).await.map(drop).map_err(|error| port_error(VARIABLE, "PutItem", &error))
}

/// The certificate that the event with this id was about. `None` where none is known.
pub(crate) async fn certificate_of(
    client: &Client,
    table: &str,
    id: &str,
) -> PortResult<Option<String>> {
    let get = client.get_item().table_name(table).set_key(Some(event_key(id)));
    let found = Box::pin(get.send()).await;
    let item = found.map_err(|error| port_error(VARIABLE, "GetItem", &error))?.item;
    Ok(item.and_then(|item| item.get(CERTIFICATE)?.as_s().ok().cloned()))
}

/// What was delivered under a recorded id. `None` where the row does not say.
pub(crate) fn result(item: &Item) -> Option<DeliveredResult> {
    let text = |name: &str| item.get(name)?.as_s().ok();
    let micros: i128 = item.get("received")?.as_n().ok()?.parse().ok()?;
    Some(DeliveredResult {
        received: OffsetDateTime::from_unix_timestamp_nanos(micros.checked_mul(1000)?).ok()?,
        outcome: Outcome::named(text("outcome")?)?,
        leaf: text("leaf").cloned(),
    })
}
