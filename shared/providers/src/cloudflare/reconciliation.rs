//! What Cloudflare sent, from its history of notifications ("List History"), which it keeps for 30 days, on
//! Enterprise plans for 90. A record says "sent", not "taken". And what it issued for a zone by itself ("List
//! Certificate Packs"). Pure.

use envelope::{Certificate, Envelope};
use http::Method;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::admin::{listed, success, unreadable};
use super::document::hostname::Hostname;
use super::document::{Content, Document};
use super::profile::is_id;
use super::receiver;
use crate::api::{Answer, Request};
use crate::json::{self, Members};
use crate::occurrence::Occurrence;
use crate::receiver::Receipt;
use crate::refusal::Refusal;

/// Records on one page.
pub const PAGE: u64 = 100;
/// Zones, hostnames or packs on one page: the most that these lists allow.
const LISTED: u64 = 50;
/// How far back the history goes on any plan that there is.
pub const RETENTION_DAYS: i64 = 90;

/// One record of the history.
#[derive(Clone, Debug)]
pub struct Notification {
    pub sent: Option<OffsetDateTime>,
    /// `webhook`, `email` or `pagerduty`.
    mechanism: Option<String>,
    /// The document of an SSL alert. `None` in a record of another alert.
    document: Option<Box<RawValue>>,
}

#[derive(Clone, Debug)]
pub struct NotificationPage {
    pub notifications: Vec<Notification>,
    /// Records on all pages.
    pub total: Option<u64>,
}

/// A custom hostname in the list of its zone ("List Custom Hostnames").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedHostname {
    pub hostname: String,
    /// `ssl.status`.
    pub status: String,
}

/// "List History": page by page, from 1.
pub fn history(account: &str, since: OffsetDateTime, before: OffsetDateTime, page: u64) -> Request {
    let text = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let query = vec![
        ("since", text(since)),
        ("before", text(before)),
        ("page", page.to_string()),
        ("per_page", PAGE.to_string()),
    ];
    let segments = ["accounts", account, "alerting", "v3", "history"];
    Request { query, ..Request::new(Method::GET, segments) }
}

/// # Errors
/// The [`Refusal`] says why the page cannot be read.
pub fn classify_history(answer: &Answer<'_>) -> Result<NotificationPage, Refusal> {
    let (records, total) = page(answer)?;
    let notifications = records.into_iter().map(Notification::of).collect();
    Ok(NotificationPage { notifications, total })
}

/// "List Custom Hostnames": page by page, from 1.
pub fn hostnames(zone: &str, page: u64) -> Request {
    let query = vec![("page", page.to_string()), ("per_page", LISTED.to_string())];
    Request { query, ..Request::new(Method::GET, ["zones", zone, "custom_hostnames"]) }
}

/// The hostnames of a page, and the number of those on all pages.
///
/// # Errors
/// The [`Refusal`] says why the page cannot be read.
pub fn classify_hostnames(
    answer: &Answer<'_>,
) -> Result<(Vec<ListedHostname>, Option<u64>), Refusal> {
    let (hostnames, total) = page(answer)?;
    let hostname = |hostname: &RawValue| {
        let members = Members::of(hostname)?;
        let status = members.object("ssl")?.text("status")?;
        Some(ListedHostname { hostname: members.text("hostname")?, status })
    };
    Ok((hostnames.into_iter().filter_map(hostname).collect(), total))
}

/// A zone that the API token may see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zone {
    pub id: String,
    pub name: String,
}

/// A request for a page of the zones of an account ("List Zones").
pub fn zones(account: &str, page: u64) -> Request {
    let query = vec![
        ("account.id", account.to_owned()),
        ("page", page.to_string()),
        ("per_page", LISTED.to_string()),
    ];
    Request { query, ..Request::new(Method::GET, ["zones"]) }
}

/// # Errors
/// Why there is no list.
pub fn classify_zones(answer: &Answer<'_>) -> Result<(Vec<Zone>, Option<u64>), Refusal> {
    let (zones, total) = page(answer)?;
    let zone = |zone: &RawValue| {
        let members = Members::of(zone)?;
        let id = members.text("id").filter(|id| is_id(id))?;
        Some(Zone { id, name: members.text("name")? })
    };
    Ok((zones.into_iter().filter_map(zone).collect(), total))
}

/// The certificates of a zone that were issued together: universal, advanced or backup ones.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificatePack {
    pub id: String,
    /// Each with its id. Cloudflare tells neither PEM nor serial number of them.
    pub certificates: Vec<(String, Certificate)>,
}

/// A request for a page of the certificate packs of a zone, whatever their status.
pub fn certificate_packs(zone: &str, page: u64) -> Request {
    let query = vec![
        ("status", "all".to_owned()),
        ("page", page.to_string()),
        ("per_page", LISTED.to_string()),
    ];
    Request { query, ..Request::new(Method::GET, ["zones", zone, "ssl", "certificate_packs"]) }
}

/// # Errors
/// Why there is no list.
pub fn classify_certificate_packs(
    answer: &Answer<'_>,
) -> Result<(Vec<CertificatePack>, Option<u64>), Refusal> {
    let (packs, total) = page(answer)?;
    let certificate = |certificate: &RawValue| {
        let members = Members::of(certificate)?;
        let id = members.get("id")?;
        let id = json::text(id).unwrap_or_else(|| id.get().to_owned());
        Some((id, Hostname::new(members).certificates().pop()?)).filter(|(id, _)| is_id(id))
    };
    let pack = |pack: &RawValue| {
        let members = Members::of(pack)?;
        let certificates = members.list("certificates").unwrap_or_default();
        let certificates = certificates.into_iter().filter_map(certificate).collect();
        Some(CertificatePack { id: members.text("id").filter(|id| is_id(id))?, certificates })
    };
    Ok((packs.into_iter().filter_map(pack).collect(), total))
}

/// The list in `result`, and `result_info.total_count`.
fn page<'a>(answer: &Answer<'a>) -> Result<(Vec<&'a RawValue>, Option<u64>), Refusal> {
    let body = success(answer)?;
    let total =
        body.object("result_info").and_then(|info| json::unsigned(info.get("total_count")?));
    // An empty list may be `null`; one that is not empty, by the number beside it, was lost on the way.
    if body.get("result").is_none() && total.is_some_and(|total| total > 0) {
        return Err(unreadable(answer));
    }
    Ok((listed(&body, answer)?, total))
}

impl Notification {
    fn of(record: &RawValue) -> Self {
        let record = Members::of(record).unwrap_or_default();
        let sent = record.text("sent").and_then(|sent| OffsetDateTime::parse(&sent, &Rfc3339).ok());
        Self {
            sent,
            mechanism: record.text("mechanism_type"),
            document: record.get("alert_body").and_then(document),
        }
    }

    /// `None` for what did not go to a webhook, and for alerts of another kind: other webhooks of the
    /// account may be for them.
    pub fn occurrence(&self, now: OffsetDateTime) -> Option<Occurrence> {
        if self.mechanism.as_deref() != Some("webhook") {
            return None;
        }
        let data = self.document.as_ref()?;
        let Content::Event(document) = Content::of(data) else { return None };
        let at = self.sent.unwrap_or(now);
        let event = receiver::event(&document, data.clone(), &Receipt { at, traceparent: None });
        let envelope = Envelope { receivedtime: now, ..event.envelope };
        Some(Occurrence::new(envelope, document.likeness().into_iter().collect()))
    }
}

/// The document in `alert_body`, which is an object on the page and a string in the SDKs; alone, or with
/// the notification around it.
fn document(body: &RawValue) -> Option<Box<RawValue>> {
    let text = json::text(body);
    let body = match &text {
        Some(text) => json::borrowed_object(text.as_bytes()).ok()?,
        None => body,
    };
    let is_ssl =
        |content: &Content<'_>| matches!(content, Content::Event(document) if document.is_ssl());
    is_ssl(&Content::of(body)).then(|| body.to_owned())
}

/// The other id of an event, by which its record in the history is known where its document differs from
/// the one that was sent.
pub(super) fn likeness(envelope: &Envelope) -> Option<String> {
    match Content::of(&envelope.data) {
        Content::Event(document) => Document::likeness(&document),
        Content::Test | Content::Unknown => None,
    }
}
