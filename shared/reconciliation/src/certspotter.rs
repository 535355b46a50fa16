//! What Cert Spotter's records say: the issuances that it found in the logs for the operator's domains. They have no
//! times. So each domain has a cursor in the ledger: the id of the last issuance that was read.

use std::collections::{BTreeMap, BTreeSet};

use ports::{EventsQueue, Item, Ledger, PortError, PortResult};
use processing::correlation::{
    Announcement, ToBeLogged, forget_to_be_logged, report_missing, to_be_logged,
};
use providers::certspotter::{ListedIssuance, classify_issuances, issuances};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::client::{ApiClient, RunError};
use crate::collate::Expected;
use crate::report::Cause;
use crate::run::Collected;

/// The ledger's partition of the cursors.
const PARTITION: &str = "certspotter/cursor";
/// How long a cursor is kept after it was used. A certificate that is found then has not been issued before.
const RETENTION: Duration = Duration::days(400);
/// How often a domain is read. The budget of an account without a subscription is a hundred queries an hour.
const INTERVAL: Duration = Duration::minutes(55);
/// The maximum number of pages of one domain in one run, in case they never end.
const MAX_PAGES: usize = 1000;
/// The maximum number of domains with a cursor.
const MAX_DOMAINS: u32 = 10_000;

/// How far the list of a domain was read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Cursor {
    domain: String,
    /// The id of the last issuance; `None` before the first one.
    after: Option<String>,
    /// Whether what was there before the first run has been passed.
    is_past_first: bool,
    /// When the list was read to its end.
    #[serde(with = "time::serde::rfc3339::option")]
    read: Option<OffsetDateTime>,
}

/// Reads what is new in the list of each domain. What a domain's first reading finds was issued before anybody could
/// know of it here, so it is passed over.
pub(crate) async fn collect<L: Ledger>(
    client: &ApiClient<'_>,
    ledger: &L,
    domains: &[String],
    began: OffsetDateTime,
) -> Result<Collected, RunError> {
    let known = cursors(ledger).await?;
    let due = domains.iter().map(|domain| {
        let of_domain = known.iter().find(|cursor| cursor.domain == *domain).cloned();
        of_domain.unwrap_or_else(|| Cursor {
            domain: domain.clone(),
            after: None,
            is_past_first: false,
            read: None,
        })
    });
    // A clock that was set back leaves a cursor of the future.
    let is_due =
        |cursor: &Cursor| cursor.read.is_none_or(|read| read > began || began - read >= INTERVAL);
    let mut due: Vec<_> = due.filter(is_due).collect();
    due.sort_by_key(|cursor| cursor.read);
    let (mut expected, mut left) = (Vec::new(), None);
    let mut ids = BTreeSet::new();
    for cursor in &mut due {
        if let Err(error) = read(client, cursor, &mut expected, began).await {
            if error.is_key_refused() {
                return Err(error);
            }
            left = Some(format!("{}: the list was not read to its end: {error}", cursor.domain));
            break;
        }
    }
    // A certificate for names of two domains is in both lists.
    expected.retain(|event: &Expected| ids.insert(event.id().to_owned()));
    Ok(Collected { expected, notes: Vec::new(), left, cursors: due })
}

/// Reads the list of a domain from its cursor to its end. An error leaves the cursor at what was read.
async fn read(
    client: &ApiClient<'_>,
    cursor: &mut Cursor,
    expected: &mut Vec<Expected>,
    began: OffsetDateTime,
) -> Result<(), RunError> {
    for _ in 0..MAX_PAGES {
        let request = issuances(&cursor.domain, cursor.after.as_deref());
        let page = client.ask(&request, classify_issuances).await?;
        let Some(last) = page.last() else {
            cursor.is_past_first = true;
            cursor.read = Some(began);
            return Ok(());
        };
        cursor.after = Some(last.id.clone());
        if cursor.is_past_first {
            let new = page.iter().filter_map(|issuance| one(issuance, &cursor.domain, began));
            expected.extend(new);
        }
    }
    Ok(())
}

fn one(issuance: &ListedIssuance, domain: &str, began: OffsetDateTime) -> Option<Expected> {
    Some(Expected {
        occurrence: issuance.occurrence(domain, began)?,
        event: "unknown_certificate".to_owned(),
        sent: None,
        day: None,
        cause: Cause::Listed,
        taken: None,
    })
}

async fn cursors<L: Ledger>(ledger: &L) -> PortResult<Vec<Cursor>> {
    let items = ledger.items(PARTITION, None, MAX_DOMAINS).await?;
    Ok(items.iter().filter_map(|item| serde_json::from_str(&item.value).ok()).collect())
}

/// Stores how far the lists were read. Before that everything that was read is on the queue, so that a crash repeats
/// it, and each id is put there only once.
pub(crate) async fn advance<L: Ledger>(
    ledger: &L,
    cursors: Vec<Cursor>,
    now: OffsetDateTime,
) -> PortResult<()> {
    for cursor in cursors {
        let value = serde_json::to_string(&cursor)
            .map_err(|error| PortError(format!("the cursor of {}: {error}", cursor.domain)))?;
        ledger
            .put_item(Item {
                partition: PARTITION.to_owned(),
                sort: cursor.domain,
                value,
                kept_until: now + RETENTION,
            })
            .await?;
    }
    Ok(())
}

/// Looks up the certificates that are to be in the logs by now, in the complete list of their domain, and says which are
/// not. That the webhook announced none of them says nothing: Cert Spotter may know the key.
pub(crate) async fn find_missing(
    client: &ApiClient<'_>,
    events: &impl EventsQueue,
    ledger: &impl Ledger,
    domains: &[String],
    now: OffsetDateTime,
) -> Result<(), RunError> {
    let mut by_domain: BTreeMap<Option<&str>, Vec<ToBeLogged>> = BTreeMap::new();
    for one in to_be_logged(ledger, now).await? {
        by_domain.entry(domain_of(&one.announcement, domains, now)).or_default().push(one);
    }
    for (domain, certificates) in by_domain {
        // Of a domain that is not monitored, or a certificate that has expired, no list says anything.
        let listed = match domain {
            Some(domain) => Some(list(client, domain).await?),
            None => None,
        };
        for one in certificates {
            let announcement = &one.announcement;
            let hash = announcement.certificate.tbs_sha256.as_deref().unwrap_or_default();
            if listed.as_ref().is_some_and(|listed| !listed.contains(hash)) {
                report_missing(events, ledger, announcement, None, now).await?;
            }
            forget_to_be_logged(ledger, &one).await?;
        }
    }
    Ok(())
}

/// The monitored domain in whose list a certificate is to be.
fn domain_of<'a>(
    announcement: &Announcement,
    domains: &'a [String],
    now: OffsetDateTime,
) -> Option<&'a str> {
    let certificate = &announcement.certificate;
    let not_after = certificate.not_after.as_deref();
    if not_after.is_some_and(|not_after| not_after < envelope::rfc3339(now).as_str()) {
        return None;
    }
    let names = certificate.names.as_ref().map(|names| names.dns.as_slice()).unwrap_or_default();
    let domain = domains.iter().find(|domain| names.iter().any(|name| is_of(name, domain)));
    domain.map(String::as_str)
}

/// Whether a name is a domain, or below it.
pub(crate) fn is_of(name: &str, domain: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The hashes of all certificates in the list of a domain, from its first page to its last.
async fn list(client: &ApiClient<'_>, domain: &str) -> Result<BTreeSet<String>, RunError> {
    let (mut hashes, mut after) = (BTreeSet::new(), None);
    for _ in 0..MAX_PAGES {
        let page = client.ask(&issuances(domain, after.as_deref()), classify_issuances).await?;
        let Some(last) = page.last() else { return Ok(hashes) };
        after = Some(last.id.clone());
        hashes.extend(page.iter().filter_map(|issuance| issuance.tbs_sha256.clone()));
    }
    // Not complete, so that it says nothing of what it does not hold.
    Err(RunError::OutOfTime)
}
