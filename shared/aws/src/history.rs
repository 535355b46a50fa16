//! What the ledger keeps of certificates. A certificate's state is `pk` `certificate#NAME`, `sk`
//! `state`; each event of it `sk` `received#MOMENT#ID`, with the entry as JSON; what it is found by
//! `pk` `alias#ALIAS`, `sk` its name. All have `expires_at`.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use ports::{CertificateState, Entry, History, HistoryRecord, Ordering, PortError, PortResult};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::fault::fault;
use crate::ledger::{Item, VARIABLE, number, text};

/// A later event moves the state, and so does any once the state is past its time.
const MAY_MOVE: &str = "attribute_not_exists(pk) OR #place <= :place OR expires_at <= :now";

const STATE: &str = "state";

/// Items that one BatchWriteItem takes (DynamoDB, "BatchWriteItem").
const BATCH: usize = 25;
/// DynamoDB may leave items of a batch undone where the table is short of capacity.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

/// One conditional put decides and moves.
pub(crate) async fn advance(
    client: &Client,
    table: &str,
    state: &CertificateState,
) -> PortResult<Ordering> {
    let mut item = key(&state.certificate, STATE);
    item.insert("place".into(), number(state.rank.into()));
    item.insert("kind".into(), text(&state.kind));
    item.insert("id".into(), text(&state.id));
    item.insert("time".into(), text(&written(state.time, &Rfc3339)?));
    item.insert("expires_at".into(), number(state.kept_until.unix_timestamp().into()));
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(MAY_MOVE)
        .expression_attribute_names("#place", "place")
        .expression_attribute_values(":place", number(state.rank.into()))
        .expression_attribute_values(":now", number(now().into()));
    match Box::pin(put.send()).await {
        Ok(_) => Ok(Ordering::Current),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Ordering::Stale),
            _ => Err(fault(VARIABLE, "PutItem", &error)),
        },
    }
}

/// The entry and its aliases in one call, in any order: neither is of use without the other, and what
/// is missing after a crash is written again.
pub(crate) async fn append(client: &Client, table: &str, record: &HistoryRecord) -> PortResult<()> {
    let HistoryRecord { certificate, aliases, entry, kept_until } = record;
    let until = number(kept_until.unix_timestamp().into());
    let json = serde_json::to_string(entry)
        .map_err(|error| PortError(format!("event {}: {error}", entry.id)))?;
    let mut line = key(certificate, &sort_key(entry)?);
    line.insert("entry".into(), text(&json));
    let aliases = aliases.iter().map(|alias| {
        let partition = format!("alias#{alias}");
        Item::from([("pk".into(), text(&partition)), ("sk".into(), text(certificate))])
    });
    let mut items: Vec<_> = std::iter::once(line).chain(aliases).collect();
    for item in &mut items {
        item.insert("expires_at".into(), until.clone());
    }
    for items in items.chunks(BATCH) {
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
    for pause in (0..TRIES).map(|tried| PAUSE * 2_u32.pow(tried)) {
        let batch = client.batch_write_item().set_request_items(Some(left));
        let done = Box::pin(batch.send()).await;
        let done = done.map_err(|error| fault(VARIABLE, "BatchWriteItem", &error))?;
        left = done.unprocessed_items.unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
    }
    Err(PortError(format!(
        "{VARIABLE}: BatchWriteItem: the table has no capacity for the history of a certificate"
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
        certificates.insert(name);
    }
    let mut histories = Vec::new();
    for certificate in certificates {
        let partition = format!("certificate#{certificate}");
        // The state, which sorts behind all events, comes first.
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

/// The last items of a partition that are not past their time, the last one first.
async fn query(client: &Client, table: &str, partition: &str, most: u32) -> PortResult<Vec<Item>> {
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
            .limit(most.cast_signed())
            .set_exclusive_start_key(start);
        let page = Box::pin(query.send()).await;
        let page = page.map_err(|error| fault(VARIABLE, "Query", &error))?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() || items.len() >= most as usize {
            items.truncate(most as usize);
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
    let partition = format!("certificate#{certificate}");
    Item::from([("pk".into(), text(&partition)), ("sk".into(), text(sort))])
}

/// In order of receipt. The same event again takes the place of its entry, but for a replay.
fn sort_key(entry: &Entry) -> PortResult<String> {
    let moment = |moment: OffsetDateTime| {
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        );
        written(moment.to_offset(UtcOffset::UTC), format)
    };
    let key = format!("received#{}#{}", moment(entry.received)?, entry.id);
    Ok(if entry.is_replay() { format!("{key}#{}", moment(entry.delivered)?) } else { key })
}

fn written(
    moment: OffsetDateTime,
    format: &(impl time::formatting::Formattable + ?Sized),
) -> PortResult<String> {
    moment.format(format).map_err(|error| PortError(format!("{VARIABLE}: {moment}: {error}")))
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
