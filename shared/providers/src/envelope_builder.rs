use envelope::Envelope;
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};

use crate::interpretation::Interpretation;
use crate::json;
use crate::receiver::{Event, Receipt};

/// Longest group id in characters (SQS API reference, SendMessage, `MessageGroupId`).
const GROUP_LIMIT: usize = 128;

/// What a provider's receiver knows about an event. [`EnvelopeBuilder::envelope`] adds the rest.
pub struct EnvelopeBuilder {
    pub id: String,
    pub source: String,
    pub kind: String,
    /// The provider's time, if it gives one.
    pub time: Option<OffsetDateTime>,
    pub data: Box<RawValue>,
}

impl EnvelopeBuilder {
    /// The event as it goes onto the queue. The subject is the interpretation's, so that both messages
    /// carry the same one.
    pub fn event(self, receipt: &Receipt, interpretation: &Interpretation) -> Event {
        let envelope = self.envelope(&interpretation.subject, receipt);
        let group = fair_queue_group(&envelope.source);
        let expires = interpretation.challenge.as_ref().map(|challenge| challenge.expires);
        Event { envelope, group, expires }
    }

    pub fn envelope(self, subject: &str, receipt: &Receipt) -> Envelope {
        Envelope {
            specversion: Envelope::SPECVERSION.to_owned(),
            id: self.id,
            source: self.source,
            kind: self.kind,
            subject: subject.to_owned(),
            time: self.time.unwrap_or(receipt.at),
            datacontenttype: Envelope::CONTENT_TYPE.to_owned(),
            dataschema: Envelope::SCHEMA.to_owned(),
            receivedtime: receipt.at,
            traceparent: receipt.traceparent.clone(),
            attempts: 0,
            badcertificates: 0,
            holds: 0,
            retryreason: None,
            secretstage: None,
            secretversion: None,
            sourceaddress: None,
            causationid: None,
            conflict: None,
            progress: None,
            reconciled: None,
            replayed: None,
            simulated: None,
            ordering: None,
            data: self.data,
        }
    }
}

/// The fair-queue group of an event with this `source`: the tenant, whose flood must not delay the others. A
/// source that is too long for SQS, or has characters that SQS does not allow, is replaced by its hash.
pub fn fair_queue_group(source: &str) -> String {
    if source.len() <= GROUP_LIMIT && source.bytes().all(|byte| byte.is_ascii_graphic()) {
        return source.to_owned();
    }
    json::id(&[source])
}

/// A provider's time in UTC. `None` if it is one that RFC 3339 cannot write in every zone.
pub(crate) fn plausible(time: OffsetDateTime) -> Option<OffsetDateTime> {
    time.checked_to_offset(UtcOffset::UTC).filter(|time| (1970..=9999).contains(&time.year()))
}
