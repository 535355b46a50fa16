use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::CertificateData;

/// The internal message on the events queue: the provider's own document, byte for byte.
pub type Envelope = CloudEvent<Box<RawValue>>;

/// The public message on the deliveries queue: what a consumer reads.
pub type CertificateEvent = CloudEvent<CertificateData>;

/// A CloudEvents 1.0 JSON document (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).
#[derive(Clone, Deserialize, Serialize)]
pub struct CloudEvent<D> {
    pub specversion: String,
    pub id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    /// The provider's time where it gives one, else the time of receipt.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    pub datacontenttype: String,
    /// Names the schema of `data` and its version.
    pub dataschema: String,
    /// When the door took it. All waiting times count from here.
    #[serde(with = "time::serde::rfc3339")]
    pub receivedtime: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Envelope: call-backs made so far for this event.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Envelope: how many of them brought a whole answer that is no certificate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub badcertificates: u32,
    /// Envelope: how often it was put back without a call, while its provider was down.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub holds: u32,
    /// Found by the reconciler, not sent by the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// [`CertificateEvent::STALE`] where the certificate was further already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<String>,
    /// URI of the archive object that holds the members of `data` too large for the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataref: Option<String>,
    /// Bytes of that object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datarefsize: Option<u64>,
    /// SHA-256 of that object, lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datarefsha256: Option<String>,
    pub data: D,
}

impl<D> CloudEvent<D> {
    pub const SPECVERSION: &'static str = "1.0";
    pub const CONTENT_TYPE: &'static str = "application/json";
}

impl Envelope {
    pub const SCHEMA: &'static str = "urn:certhooks:envelope:1";
}

impl CertificateEvent {
    pub const SCHEMA: &'static str = "urn:certhooks:certificate-event:1";
    /// `ordering` of an event that is older than the state of its certificate.
    pub const STALE: &'static str = "stale";
}

/// Identity only: `data` may hold a challenge token or, by a provider's mistake, a private key.
impl<D> fmt::Debug for CloudEvent<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudEvent")
            .field("id", &self.id)
            .field("type", &self.kind)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A moment as RFC 3339 text; a year beyond 9999 cannot be written and becomes empty.
pub fn rfc3339(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_default()
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
