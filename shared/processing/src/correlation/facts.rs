//! The facts about certificates, as items of the ledger. Each is written before the others are read, and reading sees
//! everything that was written before. So of two concurrent workers at least one sees both facts.

use std::collections::BTreeSet;

use envelope::{Certificate, EventType};
use futures_util::future::try_join_all;
use ports::{Item, Ledger, PortError, PortResult};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::rules::{Announcement, Facts, Observation, State};

/// How long facts are kept: longer than a public certificate is valid.
const RETENTION: Duration = Duration::days(400);

/// The partition of the certificates that are to be decided about, in the order of their times.
const DUE: &str = "ct/due";
/// The partition of those that are to be in the logs by then.
const TO_BE_LOGGED: &str = "ct/to-be-logged";
/// The partition of the issuers that the operator expects.
const ISSUERS: &str = "ct/issuers";

/// The partition of the certificates that are unexpected.
const UNEXPECTED: &str = "ct/unexpected";

const OBSERVED: &str = "observed";
const STATE: &str = "state";

/// The most items that are read of one partition: certificates of one key, and announcements.
const LIMIT: u32 = 1000;
/// The most certificates that one call decides about. The next one goes on.
const BATCH: u32 = 500;

/// A certificate whose time has come.
pub(crate) struct Due {
    pub(crate) tbs_sha256: String,
    sort: String,
}

fn certificate(tbs_sha256: &str) -> String {
    format!("ct/certificate/{tbs_sha256}")
}

fn key(spki_sha256: &str) -> String {
    format!("ct/key/{spki_sha256}")
}

fn serial(serial_number: &str) -> String {
    format!("ct/serial/{serial_number}")
}

fn end(not_after: &str) -> String {
    format!("ct/end/{not_after}")
}

/// The partitions in which a certificate of the logs is found by what was announced.
fn of_observed(known: &Certificate) -> Vec<String> {
    let tbs = known.tbs_sha256.as_deref().map(certificate);
    let spki = known.spki_sha256.as_deref().map(key);
    let serial_number = known.serial_number.as_deref().map(serial);
    let end = known.not_after.as_deref().map(end);
    tbs.into_iter().chain(spki).chain(serial_number).chain(end).collect()
}

/// The partitions of an announcement: of its key, which whatever the logs show has too; else of the certificate, else of
/// the serial number, else of the second in which it ends. One that may be missing in the logs is looked up by the
/// certificate as well.
fn of_announced(announcement: &Announcement) -> Vec<String> {
    let known = &announcement.certificate;
    let own = known.tbs_sha256.as_deref().map(certificate);
    match known.spki_sha256.as_deref().map(key) {
        Some(key) => own.filter(|_| announcement.pem.is_some()).into_iter().chain([key]).collect(),
        None => {
            let serial_number = known.serial_number.as_deref().map(serial);
            let end = known.not_after.as_deref().map(end);
            own.or(serial_number).or(end).into_iter().collect()
        }
    }
}

/// The place of an announcement in its partitions.
fn announced_sort(announcement: &Announcement) -> String {
    let tbs_sha256 = announcement.certificate.tbs_sha256.as_deref().unwrap_or_default();
    format!("announced#{tbs_sha256}#{}", announcement.id)
}

/// The partition of what the logs show of another partition: apart, since one key may be that of many announcements.
fn shown(partition: &str) -> String {
    format!("{partition}/shown")
}

/// Stores what the logs show, unless it is known. Returns the hash by which the certificate is known.
pub(crate) async fn observe(
    ledger: &impl Ledger,
    observation: &Observation,
    now: OffsetDateTime,
) -> PortResult<String> {
    let tbs_sha256 = observation.certificate.tbs_sha256.clone().unwrap_or_default();
    let known = ledger.items(&certificate(&tbs_sha256), None, LIMIT).await?;
    if !known.iter().any(|item| item.sort == OBSERVED) {
        let partitions: Vec<_> = of_observed(&observation.certificate)
            .iter()
            .map(|partition| shown(partition))
            .collect();
        let pointers = partitions
            .iter()
            .map(|partition| put(ledger, partition, &tbs_sha256, &tbs_sha256, now));
        try_join_all(pointers).await?;
        // Last, so that it is all repeated after a crash.
        put(ledger, &certificate(&tbs_sha256), OBSERVED, observation, now).await?;
    }
    Ok(tbs_sha256)
}

/// Stores an announcement. Returns the hashes of the certificates that it may be about.
pub(crate) async fn store(
    ledger: &impl Ledger,
    announcement: &Announcement,
    now: OffsetDateTime,
) -> PortResult<BTreeSet<String>> {
    let sort = announced_sort(announcement);
    let mut partitions = of_announced(announcement);
    if announcement.issuer.is_some() {
        partitions.push(ISSUERS.to_owned());
    }
    let compared = announcement.as_compared();
    let stored = partitions.iter().map(async |partition| {
        let item = item(partition, &sort, &compared, now)?;
        ledger.put_and_list(item, &shown(partition), LIMIT).await
    });
    let listed = try_join_all(stored).await?;
    Ok(listed.into_iter().flatten().map(|item| item.sort).collect())
}

/// Stores an announcement of the operator's. What the logs showed before is decided about by the next scheduled run.
///
/// # Errors
/// The ledger cannot be read or written. The call may be repeated.
pub async fn announce(
    ledger: &impl Ledger,
    announcement: &Announcement,
    now: OffsetDateTime,
) -> PortResult<usize> {
    let mut concerned = store(ledger, announcement, now).await?;
    if announcement.issuer.is_some() {
        let unexpected = ledger.items(UNEXPECTED, None, LIMIT).await?;
        concerned.extend(unexpected.into_iter().map(|item| item.sort));
    }
    for tbs_sha256 in &concerned {
        wait(ledger, tbs_sha256, now).await?;
    }
    Ok(concerned.len())
}

/// All that is known of a certificate.
pub(crate) async fn read(ledger: &impl Ledger, tbs_sha256: &str) -> PortResult<Facts> {
    let own = ledger.items(&certificate(tbs_sha256), None, LIMIT).await?;
    let of = |sort: &str| own.iter().find(|item| item.sort == sort);
    let observation: Option<Observation> = of(OBSERVED).and_then(parsed);
    let state = of(STATE).and_then(parsed);
    let mut announcements = announced(&own);
    if let Some(observation) = &observation {
        let others = of_observed(&observation.certificate).into_iter().skip(1);
        let others: Vec<_> = others.chain([ISSUERS.to_owned()]).collect();
        // A key may have more announcements than are read of it: those of this very certificate come first.
        let own = format!("announced#{tbs_sha256}#");
        let own_end = format!("{own}~");
        let ranges = [Some((own.as_str(), own_end.as_str())), None];
        let listed = others
            .iter()
            .flat_map(|partition| ranges.map(|between| ledger.items(partition, between, LIMIT)));
        for items in try_join_all(listed).await? {
            announcements.extend(announced(&items));
        }
    }
    Ok(Facts { observation, announcements, state })
}

fn announced(items: &[Item]) -> Vec<Announcement> {
    items.iter().filter(|item| item.sort.starts_with("announced#")).filter_map(parsed).collect()
}

pub(crate) async fn store_state(
    ledger: &impl Ledger,
    tbs_sha256: &str,
    state: &State,
    now: OffsetDateTime,
) -> PortResult<()> {
    match state.kind {
        EventType::CtCertificateUnexpected => {
            put(ledger, UNEXPECTED, tbs_sha256, &tbs_sha256, now).await?;
        }
        _ => ledger.delete_item(UNEXPECTED, tbs_sha256).await?,
    }
    put(ledger, &certificate(tbs_sha256), STATE, state, now).await
}

/// Has a certificate decided about at that time.
pub(crate) async fn wait(
    ledger: &impl Ledger,
    tbs_sha256: &str,
    due: OffsetDateTime,
) -> PortResult<()> {
    put(ledger, DUE, &sort_of(due, tbs_sha256), &tbs_sha256, due).await
}

/// Has it looked up then whether a certificate is in the logs.
pub(crate) async fn await_logging(
    ledger: &impl Ledger,
    announcement: &Announcement,
    due: OffsetDateTime,
) -> PortResult<()> {
    let Some(tbs_sha256) = &announcement.certificate.tbs_sha256 else { return Ok(()) };
    put(ledger, TO_BE_LOGGED, &sort_of(due, tbs_sha256), announcement, due).await
}

/// A certificate that is to be in the logs by now.
pub struct ToBeLogged {
    pub announcement: Announcement,
    sort: String,
}

/// The certificates that are to be in the logs by now.
///
/// # Errors
/// The ledger cannot be read.
pub async fn to_be_logged(
    ledger: &impl Ledger,
    now: OffsetDateTime,
) -> PortResult<Vec<ToBeLogged>> {
    let items = ledger.items(TO_BE_LOGGED, Some((FIRST_TIME, &sort_of(now, "~"))), BATCH).await?;
    let due = items
        .into_iter()
        .filter_map(|item| Some(ToBeLogged { announcement: parsed(&item)?, sort: item.sort }));
    Ok(due.collect())
}

/// Has a certificate not looked up any more.
///
/// # Errors
/// The ledger cannot be written.
pub async fn forget_to_be_logged(ledger: &impl Ledger, one: &ToBeLogged) -> PortResult<()> {
    ledger.delete_item(TO_BE_LOGGED, &one.sort).await
}

pub(crate) async fn due(ledger: &impl Ledger, now: OffsetDateTime) -> PortResult<Vec<Due>> {
    let items = ledger.items(DUE, Some((FIRST_TIME, &sort_of(now, "~"))), BATCH).await?;
    let due = items
        .into_iter()
        .filter_map(|item| Some(Due { tbs_sha256: parsed(&item)?, sort: item.sort }));
    Ok(due.collect())
}

pub(crate) async fn forget_due(ledger: &impl Ledger, due: &Due) -> PortResult<()> {
    ledger.delete_item(DUE, &due.sort).await
}

/// No time comes before it in the order of texts.
const FIRST_TIME: &str = "0";

/// Text order is time order, within a time that of the hashes.
fn sort_of(time: OffsetDateTime, tbs_sha256: &str) -> String {
    format!("{}#{tbs_sha256}", envelope::timestamp(time))
}

async fn put(
    ledger: &impl Ledger,
    partition: &str,
    sort: &str,
    value: &impl Serialize,
    from: OffsetDateTime,
) -> PortResult<()> {
    ledger.put_item(item(partition, sort, value, from)?).await
}

fn item(
    partition: &str,
    sort: &str,
    value: &impl Serialize,
    from: OffsetDateTime,
) -> PortResult<Item> {
    let mut value = serde_json::to_value(value)
        .map_err(|error| PortError(format!("{partition} {sort}: {error}")))?;
    remove_nulls(&mut value);
    let value = value.to_string();
    let (partition, sort) = (partition.to_owned(), sort.to_owned());
    Ok(Item { partition, sort, value, kept_until: from + RETENTION })
}

/// What is not known takes no room.
fn remove_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(remove_nulls);
    }
}

fn parsed<T: DeserializeOwned>(item: &Item) -> Option<T> {
    serde_json::from_str(&item.value).ok()
}
