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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloudEvent<D> {
    /// Version of CloudEvents.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub specversion: String,
    /// What a consumer drops the event by if it has it already. It is derived from the content, so that every repeated
    /// delivery of an event has the same one. Compare it as a whole; it has at most a few hundred characters.
    pub id: String,
    /// The provider, and whose of its events it is: `/digicert/certcentral`, `/cloudflare/zones/ID` (`/cloudflare` where the
    /// event names no zone), `/meta/certificate-transparency`, `/certspotter`; of a synthetic event
    /// `/certhooks/canary/PROVIDER`.
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// What the event is about: `digicert/certificate/ID`, `digicert/order/ID`, `digicert/domain/NAME-OR-ID`,
    /// `digicert/organization/ID`, `cloudflare/hostname/NAME`, `cloudflare/certificate/ID` (one that is attached to no hostname any
    /// more), `cloudflare/zone/ID` (certificates of the zone itself), `meta/certificate/SHA256-OR-ID`, `meta/domain/NAME`,
    /// `ct/certificate/TBS-SHA256`, `certhooks/canary/PROVIDER`; of an event that is not recognised `PROVIDER/event/NAME`,
    /// `cloudflare/alert/NAME`, or what it names. `unknown` stands for an id or name that the event does not have.
    pub subject: String,
    /// When it happened, as the provider says, else when it was received. RFC 3339 in UTC with six decimals, so that text
    /// order is time order.
    #[serde(with = "crate::timestamp")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "String", extend("format" = "date-time", "pattern" = crate::schema::TIMESTAMP))
    )]
    pub time: OffsetDateTime,
    /// Media type of `data`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "application/json")))]
    pub datacontenttype: String,
    /// The schema of `data`, with the version of the contract as the number at its end.
    pub dataschema: String,
    /// When the webhook endpoint received it, or the reconciler found it. In the form of `time`.
    #[serde(with = "crate::timestamp")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "String", extend("format" = "date-time", "pattern" = crate::schema::TIMESTAMP))
    )]
    pub receivedtime: OffsetDateTime,
    /// Trace of the webhook request (W3C Trace Context).
    ///
    /// Absent: the event did not come of a request, as one that reconciliation found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::TRACEPARENT)))]
    pub traceparent: Option<String>,
    /// Number of call-backs made so far for this event.
    ///
    /// Absent: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub attempts: u32,
    /// Number of those call-backs whose whole answer held no certificate.
    ///
    /// Absent: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub badcertificates: u32,
    /// Number of times that it was requeued without a call, while its provider was unavailable.
    ///
    /// Absent: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub holds: u32,
    /// Why it was requeued the last time: a reason of a call-back, or `held` (the provider is down), `rate_limit` or
    /// `deadline`.
    ///
    /// Absent: it was not requeued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub retryreason: Option<String>,
    /// The rotation stage of the secret with which the request was made: `AWSCURRENT`, `AWSPENDING` or `AWSPREVIOUS`.
    ///
    /// Absent: the source address stood for the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub secretstage: Option<String>,
    /// The name of that version of the secret, which does not change with its stage: whoever knows one version may have
    /// sent what came with it. Another word on each installation, and nothing of the secret.
    ///
    /// Absent: the source address stood for the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub secretversion: Option<String>,
    /// The address that the request came from.
    ///
    /// Absent: the front end does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<String>", extend("x-message" = "envelope"))
    )]
    pub sourceaddress: Option<IpAddr>,
    /// Id of the event that this one repeats: a replay, an event that the provider sent again, or a conflict.
    ///
    /// Absent: it repeats none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// `true` if another certificate than this one was delivered as the event `causationid`.
    ///
    /// Absent: not so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub conflict: Option<bool>,
    /// Where the call-backs of an event with many of them go on.
    ///
    /// Absent: they begin, or there are not many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-message" = "envelope")))]
    pub progress: Option<String>,
    /// `true` if reconciliation found the event in the provider's records, because the provider did not deliver it.
    ///
    /// Absent: the provider delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub reconciled: Option<bool>,
    /// `true` if an operator replayed the event from the archive.
    ///
    /// Absent: not so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub replayed: Option<bool>,
    /// `true` if it came of a process that simulates the providers, so that nothing in it is real.
    ///
    /// Absent: it is real.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub simulated: Option<bool>,
    /// `stale` if a later event of the certificate was processed before this one. What the event says may be past.
    ///
    /// Absent: no later event is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = CertificateEvent::STALE)))]
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
    /// Value of `dataschema`, and `$id` of the schema of `data`.
    pub const SCHEMA: &'static str = "urn:certhooks:certificate-event:1";
    /// `$id` of the schema of the whole message.
    pub const MESSAGE_SCHEMA: &'static str = "urn:certhooks:certificate-event-message:1";
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
