use std::collections::BTreeSet;

use envelope::Callback;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// The state of one certificate, and how far in its life that is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateState {
    /// Whose: `digicert/certificate/ID`, `cloudflare/zone/ID/hostname/NAME`.
    pub certificate: String,
    /// Rises along a certificate's life; comparable for one certificate only.
    pub rank: i64,
    /// The event that led to it: its type, its id, and its time.
    pub kind: String,
    pub id: String,
    pub time: OffsetDateTime,
    pub kept_until: OffsetDateTime,
}

/// Where an event stands against the state of its certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ordering {
    /// The state is this event's now.
    Current,
    /// The certificate is further already; its state stays.
    Stale,
}

/// A delivered event, as a certificate's history tells it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// The provider's own name of the event.
    pub event: String,
    pub subject: String,
    /// The provider's, where it gives one.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    /// When it went to the deliveries queue.
    #[serde(with = "time::serde::rfc3339")]
    pub delivered: OffsetDateTime,
    pub callback: Callback,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// order_id, certificate_id, hostname, …
    pub identifiers: Map<String, Value>,
    /// Of the leaves, upper-case hex.
    pub serial_numbers: Vec<String>,
    /// Of the first leaf: RFC 3339, or the date alone.
    pub not_after: Option<String>,
}

/// An entry with where it belongs and how it is found.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRecord {
    /// See [`CertificateState::certificate`]; an order, where the event is about no one certificate.
    pub certificate: String,
    /// See [`alias`](crate::alias).
    pub aliases: BTreeSet<String>,
    pub entry: Entry,
    pub kept_until: OffsetDateTime,
}

/// What `record` keeps of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRecord {
    pub id: String,
    /// The id is known until then.
    pub kept_until: OffsetDateTime,
    /// Its line in a certificate's history, where it is about one.
    pub history: Option<HistoryRecord>,
}

/// What the ledger knows of one certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub certificate: String,
    /// `None` where its events have no order.
    pub state: Option<CertificateState>,
    /// The newest, in order of receipt.
    pub entries: Vec<Entry>,
}

impl DeliveryRecord {
    /// The id alone.
    pub fn id(id: impl Into<String>, kept_until: OffsetDateTime) -> Self {
        Self { id: id.into(), kept_until, history: None }
    }
}

impl Entry {
    /// A replay is a second delivery of the same event, and has an entry of its own.
    pub fn is_replay(&self) -> bool {
        self.replayed == Some(true)
    }
}

impl History {
    /// So many entries of one certificate are read: those received last.
    pub const ENTRIES: u32 = 200;
    /// So many certificates are read for one order, name or serial number.
    pub const CERTIFICATES: u32 = 100;
}
