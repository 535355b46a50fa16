//! What Cloudflare's records say: its history of notifications. Its lists of custom hostnames are a second
//! source, which is compared and only reported. Its lists of certificate packs say what it issues for zones by itself,
//! of which no event tells in full.

use std::collections::{BTreeMap, BTreeSet};

use envelope::{EventType, Provider};
use ports::{Ledger, PortResult};
use processing::correlation::{Announcement, announce};
use providers::api::{Answer, Request};
use providers::cloudflare::reconciliation::{
    CertificatePack, ListedHostname, Notification, NotificationPage, PAGE, RETENTION_DAYS, Zone,
    certificate_packs, classify_certificate_packs, classify_history, classify_hostnames,
    classify_zones, history, hostnames, zones,
};
use providers::dispatch;
use providers::occurrence::Occurrence;
use providers::refusal::Refusal;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::certspotter::is_of;
use crate::client::{ApiClient, RunError};
use crate::collate::Expected;
use crate::report::Cause;
use crate::run::Collected;

/// The maximum number of pages of one list, in case it never ends.
const MAX_PAGES: u64 = 1000;
/// The same, of a look for a record that is known.
const MAX_OLDER_PAGES: u64 = 10;
/// The maximum number of zones whose hostnames are listed in one run, and of differences that are named.
const MAX_ZONES: usize = 20;
const MAX_DIFFERENCES: usize = 10;
/// The maximum number of zones whose certificate packs are read in one run: the reconciler's share of Cloudflare's budget
/// has room for some seven hundred calls between two.
const MAX_ZONES_WITH_PACKS: usize = 500;

pub(crate) async fn collect(
    cloudflare: &ApiClient<'_>,
    account: &str,
    since: OffsetDateTime,
    began: OffsetDateTime,
) -> Result<Collected, RunError> {
    let oldest = began - Duration::days(RETENTION_DAYS);
    let notifications = notifications(cloudflare, account, since.max(oldest), began).await?;
    let mut found: Vec<(Option<OffsetDateTime>, Occurrence)> = notifications
        .iter()
        .filter_map(|notification| Some((notification.sent, notification.occurrence(began)?)))
        .collect();
    found.sort_by_key(|(sent, _)| *sent);
    let notes = compare_hostnames(cloudflare, &found).await;
    let mut ids = BTreeSet::new();
    // A notification that went to several webhooks has a record for each.
    found.retain(|(_, occurrence)| ids.insert(occurrence.envelope.id.clone()));
    let expected = found.into_iter().map(|(sent, occurrence)| Expected {
        event: name(&occurrence),
        occurrence,
        sent,
        day: sent.map(OffsetDateTime::date),
        cause: Cause::NotArrived,
        taken: None,
    });
    Ok(Collected { expected: expected.collect(), notes, left: None, cursors: Vec::new() })
}

async fn notifications(
    cloudflare: &ApiClient<'_>,
    account: &str,
    since: OffsetDateTime,
    before: OffsetDateTime,
) -> Result<Vec<Notification>, RunError> {
    let mut all = Vec::new();
    for page in 1..=MAX_PAGES {
        let request = history(account, since, before, page);
        let read = cloudflare.ask(&request, classify_history).await?;
        let is_last = is_last(&read, page);
        all.extend(read.notifications);
        if is_last {
            break;
        }
    }
    Ok(all)
}

fn is_last(read: &NotificationPage, page: u64) -> bool {
    read.notifications.is_empty() || read.total.is_some_and(|total| page * PAGE >= total)
}

/// Whether a record of this time is one of an event that arrived.
pub(crate) async fn is_any_known<L: Ledger>(
    cloudflare: &ApiClient<'_>,
    account: &str,
    ledger: &L,
    since: OffsetDateTime,
    before: OffsetDateTime,
) -> Result<bool, RunError> {
    let since = since.max(before - Duration::days(RETENTION_DAYS));
    for page in 1..=MAX_OLDER_PAGES {
        let read = cloudflare.ask(&history(account, since, before, page), classify_history).await?;
        let sent = read.notifications.iter().filter_map(|one| one.occurrence(before));
        let ids: Vec<_> =
            sent.flat_map(|sent| sent.ids().map(str::to_owned).collect::<Vec<_>>()).collect();
        if !ledger.known(&ids).await?.is_empty() {
            return Ok(true);
        }
        if is_last(&read, page) {
            break;
        }
    }
    Ok(false)
}

fn name(occurrence: &Occurrence) -> String {
    let interpretation = dispatch::interpret(&occurrence.envelope);
    interpretation.map(|interpretation| interpretation.event).unwrap_or_default()
}

/// Compares the last event of each hostname with the hostname's state in the list of its zone, and says
/// where the list tells of something that the history does not. What a token may not read is left out.
async fn compare_hostnames(
    cloudflare: &ApiClient<'_>,
    found: &[(Option<OffsetDateTime>, Occurrence)],
) -> Vec<String> {
    let mut last: BTreeMap<String, BTreeMap<String, EventType>> = BTreeMap::new();
    for (_, occurrence) in found {
        let Some(interpretation) = dispatch::interpret(&occurrence.envelope) else { continue };
        let text = |name| interpretation.identifiers.get(name).and_then(Value::as_str);
        if let (Some(zone), Some(hostname)) = (text("zone_id"), text("hostname")) {
            let zone = last.entry(zone.to_owned()).or_default();
            zone.insert(hostname.to_owned(), interpretation.kind);
        }
    }
    let mut differences = Vec::new();
    for (zone, events) in last.iter().take(MAX_ZONES) {
        let request = |page| hostnames(zone, page);
        let Ok(listed) = list(cloudflare, request, classify_hostnames).await else { continue };
        for ListedHostname { hostname, status } in listed {
            let event = events.get(&hostname);
            if let Some(event) = event.filter(|event| !is_consistent(**event, &status)) {
                differences.push(format!(
                    "{hostname} is {status} in the list of zone {zone}, and its last event is {event}"
                ));
            }
        }
    }
    let more = differences.len().saturating_sub(MAX_DIFFERENCES);
    differences.truncate(MAX_DIFFERENCES);
    if more > 0 {
        differences.push(format!("{more} more custom hostnames differ from their last event"));
    }
    differences
}

/// A page of a list, and the length of the whole list.
type Page<T> = (Vec<T>, Option<u64>);

/// Reads a list to its end.
async fn list<T>(
    cloudflare: &ApiClient<'_>,
    request: impl Fn(u64) -> Request,
    classify: fn(&Answer<'_>) -> Result<Page<T>, Refusal>,
) -> Result<Vec<T>, RunError> {
    let mut all = Vec::new();
    for page in 1..=MAX_PAGES {
        let (read, total) = cloudflare.ask(&request(page), classify).await?;
        let is_last = read.is_empty();
        all.extend(read);
        if is_last || total.is_some_and(|total| all.len() as u64 >= total) {
            break;
        }
    }
    Ok(all)
}

/// Announces the certificates that Cloudflare issues by itself for the zones of the monitored domains. Returns which of
/// them the token may not read, and so become unexpected.
pub(crate) async fn announce_packs(
    cloudflare: &ApiClient<'_>,
    ledger: &impl Ledger,
    (account, domains): (&str, &[String]),
    now: OffsetDateTime,
) -> Result<Vec<String>, RunError> {
    let unread = |of: &str| {
        format!(
            "the certificates that Cloudflare issues for {of} become unexpected: give the API token the permissions \
             Zone Read and SSL and Certificates Read"
        )
    };
    let mut notes = Vec::new();
    if domains.is_empty() {
        return Ok(notes);
    }
    let mut zones = match list(cloudflare, |page| zones(account, page), classify_zones).await {
        // The history was read with the same token: it is good, and lacks a permission.
        Err(error) if error.is_key_refused() => return Ok(vec![unread("its zones")]),
        zones => zones?,
    };
    zones.retain(|Zone { name, .. }| {
        domains.iter().any(|domain| is_of(name, domain) || is_of(domain, name))
    });
    if let Some(more @ 1..) = zones.len().checked_sub(MAX_ZONES_WITH_PACKS) {
        notes.push(format!(
            "the certificates that Cloudflare issues for {more} more zones become unexpected, since a run reads those of \
             {MAX_ZONES_WITH_PACKS} zones: name their issuers with `certhooks expect`"
        ));
    }
    for Zone { id, name } in zones.iter().take(MAX_ZONES_WITH_PACKS) {
        let request = |page| certificate_packs(id, page);
        match list(cloudflare, request, classify_certificate_packs).await {
            Err(error) if error.is_key_refused() => notes.push(unread(name)),
            packs => announce_all(ledger, id, packs?, now).await?,
        }
    }
    Ok(notes)
}

async fn announce_all(
    ledger: &impl Ledger,
    zone: &str,
    packs: Vec<CertificatePack>,
    now: OffsetDateTime,
) -> PortResult<()> {
    for CertificatePack { id: pack, certificates } in packs {
        for (id, certificate) in certificates {
            let announcement = Announcement {
                id: format!("cloudflare/zones/{zone}/certificate_packs/{pack}/{id}"),
                provider: Some(Provider::CLOUDFLARE),
                certificate,
                pem: None,
                issuer: None,
            };
            announce(ledger, &announcement, now).await?;
        }
    }
    Ok(())
}

/// Whether a hostname may be in this state after this event, without an event since.
fn is_consistent(event: EventType, status: &str) -> bool {
    match event {
        EventType::CertificateDeleted => false,
        EventType::CertificateDeployed | EventType::CertificateExpiring => {
            !status.ends_with("_timed_out") && status != "expired"
        }
        EventType::DomainValidationFailed
        | EventType::CertificateIssuanceFailed
        | EventType::CertificateDeploymentFailed => status != "active",
        _ => true,
    }
}
