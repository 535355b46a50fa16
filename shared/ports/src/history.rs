use std::collections::BTreeSet;

use envelope::{Callback, Outcome, Provider};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// The state of one certificate, and the rank of that state in the certificate's lifecycle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateState {
    /// Key of the certificate, such as `digicert/certificate/ID`, `cloudflare/zone/ID/hostname/NAME` or
    /// `ct/certificate/TBS-SHA256`.
    pub certificate: String,
    /// Rises along the lifecycle. Ranks of different certificates cannot be compared.
    pub rank: i64,
    /// Type of the event that led to this state.
    pub kind: String,
    /// Id of that event.
    pub id: String,
    /// Time of that event.
    pub time: OffsetDateTime,
    /// When the state expires.
    pub kept_until: OffsetDateTime,
}

/// The order of an event and the state of its certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ordering {
    /// The event is not older than the state, which is the event's now.
    Current,
    /// The state is of a later event, and stays.
    Stale,
}

/// A delivered event in a certificate's history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// The provider's own name of the event.
    pub event: String,
    pub subject: String,
    /// The provider of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The provider's time if it gives one, else the time of receipt.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// When the webhook endpoint received it.
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    /// When it was sent to the deliveries queue.
    #[serde(with = "time::serde::rfc3339")]
    pub delivered: OffsetDateTime,
    /// What was between the two. `None` where an older version recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Stages>,
    pub callback: Callback,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// `true` if another certificate was delivered under the first id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<bool>,
    /// order_id, certificate_id, hostname, …
    pub identifiers: Map<String, Value>,
    /// Serial numbers of the leaves, in upper-case hex.
    pub serial_numbers: Vec<String>,
    /// The first DNS name of the first leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All DNS names of the first leaf where it has several, as far as they are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The key of the first leaf, such as `RSA 2048` or `EC P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `tbs_sha256` of the first leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbs_sha256: Option<String>,
    /// Who issued the first leaf: a distinguished name, or the provider's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Beginning of the first leaf's validity, as `not_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// End of the first leaf's validity: RFC 3339, or the date alone.
    pub not_after: Option<String>,
}

/// Milliseconds from the receipt of an event to the end of each stage, in the attempt that led to its delivery.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stages {
    /// On the events queue, where it may have been again and again.
    pub queued_ms: u64,
    pub called_back_ms: u64,
    /// The check of the certificates.
    pub checked_ms: u64,
}

/// An entry, the certificate it belongs to, and the aliases by which it is found.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRecord {
    /// As [`CertificateState::certificate`]. An order if the event is about no single certificate.
    pub certificate: String,
    /// See [`alias`](crate::alias).
    pub aliases: BTreeSet<String>,
    pub entry: Entry,
    /// When the record expires.
    pub kept_until: OffsetDateTime,
}

/// What [`Ledger::record`](crate::Ledger::record) stores about a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRecord {
    pub id: String,
    /// The ledger knows the id until then.
    pub kept_until: OffsetDateTime,
    /// What was delivered. `None` for an id whose repeats are always duplicates.
    pub result: Option<DeliveredResult>,
    /// The event's record in a certificate's history. `None` if it is about no certificate.
    pub history: Option<HistoryRecord>,
}

/// What was delivered under an id, by which a repeat is distinguished from a copy of the queue's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeliveredResult {
    /// When the webhook endpoint received the event, to the microsecond.
    pub received: OffsetDateTime,
    pub outcome: Outcome,
    /// SHA-256 of the leaf that was delivered as PEM, in lower-case hex.
    pub leaf: Option<String>,
}

/// What the ledger knows about one certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub certificate: String,
    /// `None` if its events have no rank.
    pub state: Option<CertificateState>,
    /// The newest entries, in order of receipt.
    pub entries: Vec<Entry>,
}

impl DeliveryRecord {
    /// A record of the id alone.
    pub fn id(id: impl Into<String>, kept_until: OffsetDateTime) -> Self {
        Self { id: id.into(), kept_until, result: None, history: None }
    }
}

impl Entry {
    /// Whether another certificate was delivered before, and nobody could be asked which one is true.
    pub fn is_disputed(&self) -> bool {
        self.conflict == Some(true) && self.callback.outcome != Outcome::Downloaded
    }

    /// Whether the entry is a replay: another delivery of the same event, with an entry of its own.
    pub fn is_replay(&self) -> bool {
        self.replayed == Some(true)
    }
}

impl History {
    /// Maximum number of entries that are read for one certificate: those received last.
    pub const ENTRIES: u32 = 200;
    /// Maximum number of certificates that are read for one order, name or serial number.
    pub const CERTIFICATES: u32 = 100;
}
