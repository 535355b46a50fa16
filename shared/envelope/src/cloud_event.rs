use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::CertificateData;

/// The internal message on the events queue. Its `data` is the provider's document, byte for byte.
pub type Envelope = CloudEvent<Box<RawValue>>;

/// The public message on the deliveries queue, which consumers read.
pub type CertificateEvent = CloudEvent<CertificateData>;

/// A CloudEvents 1.0 JSON document
/// (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).
#[derive(Clone, Deserialize, Serialize)]
pub struct CloudEvent<D> {
    pub specversion: String,
    /// Derived from the content of the event, so that a redelivery has the same id.
    pub id: String,
    /// The provider, and what of it the event is from, as a path.
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// What the event is about: a certificate, an order, a hostname, …
    pub subject: String,
    /// The provider's time if it gives one, else the time of receipt.
    #[serde(with = "crate::timestamp")]
    pub time: OffsetDateTime,
    pub datacontenttype: String,
    /// The schema of `data`, with its version.
    pub dataschema: String,
    /// When the webhook endpoint received it. All waiting times count from here.
    #[serde(with = "crate::timestamp")]
    pub receivedtime: OffsetDateTime,
    /// Trace of the request (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Envelope only: number of call-backs made so far for this event.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Envelope only: number of those call-backs whose whole answer held no certificate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub badcertificates: u32,
    /// Envelope only: number of times that it was requeued without a call, while its provider was
    /// unavailable.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub holds: u32,
    /// Envelope only: the rotation stage of the secret with which the request was made (`AWSCURRENT`,
    /// `AWSPENDING` or `AWSPREVIOUS`). `None` where the source address stood for the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secretstage: Option<String>,
    /// Envelope only: the name of that version of the secret, which does not change with its stage. Whoever
    /// knows one version may have sent what came with it. `None` where the store has no such names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secretversion: Option<String>,
    /// Envelope only: the address that the request came from, where the front end knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sourceaddress: Option<IpAddr>,
    /// Id of the event that this one repeats: a replay, or an event that the provider sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// `true` if another certificate than this one was delivered as the event `causationid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<bool>,
    /// Envelope only: where the call-backs of an event with many of them go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// `true` if reconciliation found the event, and not a delivery of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<bool>,
    /// `true` if an operator replayed the event from the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// `true` if it came of a process that simulates the providers, so that nothing in it is real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<bool>,
    /// [`CertificateEvent::STALE`] if a later event of the certificate was processed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<String>,
    pub data: D,
}

impl<D> CloudEvent<D> {
    /// Value of `specversion`.
    pub const SPECVERSION: &'static str = "1.0";
    /// Value of `datacontenttype`.
    pub const CONTENT_TYPE: &'static str = "application/json";
}

impl Envelope {
    /// Value of `dataschema`.
    pub const SCHEMA: &'static str = "urn:certhooks:envelope:1";
}

impl CertificateEvent {
    /// Value of `dataschema`.
    pub const SCHEMA: &'static str = "urn:certhooks:certificate-event:1";
    /// Value of `ordering` for an event that is older than the state of its certificate.
    pub const STALE: &'static str = "stale";
}

/// Shows the identity only, since `data` may hold a challenge token or, by a provider's mistake, a
/// private key.
impl<D> fmt::Debug for CloudEvent<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudEvent")
            .field("id", &self.id)
            .field("type", &self.kind)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A time as RFC 3339 text. Empty for a year beyond 9999, which RFC 3339 cannot write.
pub fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
