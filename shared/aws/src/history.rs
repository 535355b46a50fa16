//! The certificates in the ledger. A certificate's state is `pk` `certificate#NAME`, `sk` `state`. Each
//! of its events is `sk` `received#TIME#ID`, with the entry as JSON. An alias is `pk` `alias#ALIAS`, `sk`
//! the certificate's name. All have `expires_at`.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{PutRequest, ReturnConsumedCapacity, WriteRequest};
use ports::{CertificateState, Entry, History, HistoryRecord, Ordering, PortError, PortResult};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::error::port_error;
use crate::item::{Item, VARIABLE, number, text};
use crate::record;

/// A later event advances the state, and so does any event once the state has expired.
const MAY_ADVANCE: &str = "attribute_not_exists(pk) OR #place <= :place OR expires_at <= :now";

const STATE: &str = "state";
/// What the partition key of a certificate begins with.
const CERTIFICATE: &str = "certificate#";

/// The maximum number of items in one BatchWriteItem (DynamoDB, "BatchWriteItem").
const BATCH_SIZE: usize = 25;
/// DynamoDB may leave items of a batch unprocessed when the table lacks capacity.
const MAX_ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Advances the state with one conditional put.
pub(crate) async fn advance(
    client: &Client,
    table: &str,
    state: &CertificateState,
) -> PortResult<Ordering> {
    let mut item = key(&state.certificate, STATE);
    item.insert("place".into(), number(state.rank.into()));
    item.insert("kind".into(), text(&state.kind));
    item.insert("id".into(), text(&state.id));
    item.insert("time".into(), text(&format_as(state.time, &Rfc3339)?));
    item.insert("expires_at".into(), number(state.kept_until.unix_timestamp().into()));
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(MAY_ADVANCE)
        .expression_attribute_names("#place", "place")
        .expression_attribute_values(":place", number(state.rank.into()))
        .expression_attribute_values(":now", number(now().into()));
    match Box::pin(put.send()).await {
        Ok(_) => Ok(Ordering::Current),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Ordering::Stale),
            _ => Err(port_error(VARIABLE, "PutItem", &error)),
        },
    }
}

/// Writes the entry and its aliases, in any order. After a crash the event is processed again, which
/// writes what is missing.
pub(crate) async fn append(client: &Client, table: &str, record: &HistoryRecord) -> PortResult<()> {
    let HistoryRecord { certificate, aliases, entry, kept_until } = record;
    let until = number(kept_until.unix_timestamp().into());
    let json = serde_json::to_string(entry)
        .map_err(|error| PortError(format!("event {}: {error}", entry.id)))?;
    let mut entry_item = key(certificate, &sort_key(entry)?);
    entry_item.insert("entry".into(), text(&json));
    let aliases = aliases.iter().map(|alias| {
        let partition = format!("alias#{alias}");
        Item::from([("pk".into(), text(&partition)), ("sk".into(), text(certificate))])
    });
    let mut items: Vec<_> = std::iter::once(entry_item).chain(aliases).collect();
    for item in &mut items {
        item.insert("expires_at".into(), until.clone());
    }
    for items in items.chunks(BATCH_SIZE) {
        write(client, table, items).await?;
    }
    Ok(())
}

async fn write(client: &Client, table: &str, items: &[Item]) -> PortResult<()> {
    let put = |item: &Item| PutRequest::builder().set_item(Some(item.clone())).build();
    let requests: Result<Vec<_>, _> = items
        .iter()
        .map(|item| put(item).map(|put| WriteRequest::builder().put_request(put).build()))
        .collect();
    let requests = requests.map_err(|error| PortError(format!("{VARIABLE}: {error}")))?;
    let mut left = HashMap::from([(table.to_owned(), requests)]);
    for pause in (0..MAX_ATTEMPTS).map(|attempt| FIRST_PAUSE * 2_u32.pow(attempt)) {
        let batch = client.batch_write_item().set_request_items(Some(left));
        let done = Box::pin(batch.send()).await;
        let done = done.map_err(|error| port_error(VARIABLE, "BatchWriteItem", &error))?;
        left = done.unprocessed_items.unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
    }
    Err(PortError(format!(
        "{VARIABLE}: BatchWriteItem: the table lacks the capacity to write the history of a certificate"
    )))
}

pub(crate) async fn find(
    client: &Client,
    table: &str,
    names: Vec<String>,
) -> PortResult<Vec<History>> {
    let mut certificates = BTreeSet::new();
    for name in names {
        let found = query(client, table, &format!("alias#{name}"), History::CERTIFICATES).await?;
        certificates.extend(found.iter().filter_map(|item| item.get("sk")?.as_s().ok().cloned()));
        certificates.extend(record::certificate_of(client, table, &name).await?);
        certificates.insert(name);
    }
    let mut histories = Vec::new();
    for certificate in certificates {
        let partition = format!("{CERTIFICATE}{certificate}");
        // The items come in descending order, so the state, whose key is greater than all events', is first.
        let items = query(client, table, &partition, History::ENTRIES + 1).await?;
        let state = items.first().and_then(|item| state(&certificate, item));
        let mut entries: Vec<_> = items.iter().filter_map(entry).collect();
        entries.truncate(History::ENTRIES as usize);
        entries.reverse();
        if state.is_some() || !entries.is_empty() {
            histories.push(History { certificate, state, entries });
        }
    }
    histories.truncate(History::CERTIFICATES as usize);
    Ok(histories)
}

/// What was read of the table so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanned {
    /// Items of any kind, those among them that are no part of a history.
    pub items: u64,
    /// The capacity that this took, in read units of DynamoDB.
    pub read_units: f64,
}

/// The histories of all certificates, from a scan of the table. `on_page` is called after each page of it.
pub(crate) async fn all(
    client: &Client,
    table: &str,
    on_page: impl Fn(Scanned),
) -> PortResult<Vec<History>> {
    let mut found = HashMap::<String, History>::new();
    let (mut start, mut scanned) = (None, Scanned::default());
    loop {
        let scan = client
            .scan()
            .table_name(table)
            .filter_expression("begins_with(pk, :prefix) AND expires_at > :now")
            .expression_attribute_values(":prefix", text(CERTIFICATE))
            .expression_attribute_values(":now", number(now().into()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_exclusive_start_key(start);
        let page = Box::pin(scan.send()).await;
        let page = page.map_err(|error| port_error(VARIABLE, "Scan", &error))?;
        scanned.items += u64::try_from(page.scanned_count).unwrap_or_default();
        let capacity = page.consumed_capacity.and_then(|capacity| capacity.capacity_units);
        scanned.read_units += capacity.unwrap_or_default();
        on_page(scanned);
        for item in page.items.unwrap_or_default() {
            let partition = item.get("pk").and_then(|key| key.as_s().ok());
            let Some(certificate) = partition.and_then(|key| key.strip_prefix(CERTIFICATE)) else {
                continue;
            };
            let history = found.entry(certificate.to_owned()).or_insert_with(|| History {
                certificate: certificate.to_owned(),
                state: None,
                entries: Vec::new(),
            });
            match entry(&item) {
                Some(entry) => history.entries.push(entry),
                None => history.state = state(certificate, &item),
            }
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    let mut histories: Vec<_> = found.into_values().collect();
    for history in &mut histories {
        history.entries.sort_by_key(|entry| (entry.received, entry.delivered));
    }
    Ok(histories)
}

/// Returns at most `limit` unexpired items of a partition in descending order.
async fn query(client: &Client, table: &str, partition: &str, limit: u32) -> PortResult<Vec<Item>> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let query = client
            .query()
            .table_name(table)
            .consistent_read(true)
            .scan_index_forward(false)
            .key_condition_expression("pk = :pk")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":now", number(now().into()))
            .limit(limit.cast_signed())
            .set_exclusive_start_key(start);
        let page = Box::pin(query.send()).await;
        let page = page.map_err(|error| port_error(VARIABLE, "Query", &error))?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() || items.len() >= limit as usize {
            items.truncate(limit as usize);
            return Ok(items);
        }
    }
}

fn state(certificate: &str, item: &Item) -> Option<CertificateState> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
    Some(CertificateState {
        certificate: certificate.to_owned(),
        rank: number("place")?,
        kind: text("kind")?,
        id: text("id")?,
        time: OffsetDateTime::parse(&text("time")?, &Rfc3339).ok()?,
        kept_until: OffsetDateTime::from_unix_timestamp(number("expires_at")?).ok()?,
    })
}

fn entry(item: &Item) -> Option<Entry> {
    serde_json::from_str(item.get("entry")?.as_s().ok()?).ok()
}

fn key(certificate: &str, sort: &str) -> Item {
    let partition = format!("{CERTIFICATE}{certificate}");
    Item::from([("pk".into(), text(&partition)), ("sk".into(), text(sort))])
}

/// Sorts in order of receipt. A repeat of an event replaces its entry, except a replay.
fn sort_key(entry: &Entry) -> PortResult<String> {
    let format_time = |time: OffsetDateTime| {
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        );
        format_as(time.to_offset(UtcOffset::UTC), format)
    };
    let key = format!("received#{}#{}", format_time(entry.received)?, entry.id);
    Ok(if entry.is_replay() { format!("{key}#{}", format_time(entry.delivered)?) } else { key })
}

fn format_as(
    time: OffsetDateTime,
    format: &(impl time::formatting::Formattable + ?Sized),
) -> PortResult<String> {
    time.format(format).map_err(|error| PortError(format!("{VARIABLE}: {time}: {error}")))
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
