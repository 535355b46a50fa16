//! What the comparison of Certificate Transparency logs with known issuances found: an event of Certhooks' own, which
//! takes the same way through the events queue as those of the providers.

use envelope::{Certificate, Correlation, Envelope, EventType, Provider};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::envelope_builder::EnvelopeBuilder;
use crate::interpretation::Interpretation;
use crate::json;
use crate::lifecycle::Lifecycle;
use crate::receiver::Receipt;

/// Beginning of `source`, before the name of the provider whose event led to it. No provider's events have it.
const SOURCE: &str = "/certhooks/correlation/";

/// The state of a certificate, and why it has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Finding {
    pub state: EventType,
    /// The provider of the event that led to it.
    pub provider: Provider,
    pub certificate: Certificate,
    pub pem: Option<String>,
    pub correlation: Correlation,
}

impl Finding {
    /// The event for the queue. Its id is derived from the certificate, the state, and the id of the event that led to it,
    /// so that every worker makes the same one, after any crash. `None` for a certificate without its TBS hash.
    pub fn envelope(&self, cause: &str, receipt: &Receipt) -> Option<Envelope> {
        let tbs_sha256 = self.certificate.tbs_sha256.as_deref()?;
        let builder = EnvelopeBuilder {
            id: json::id(&["correlation", tbs_sha256, self.state.as_str(), cause]),
            source: format!("{SOURCE}{}", self.provider),
            kind: self.state.as_str().to_owned(),
            time: None,
            data: RawValue::from_string(serde_json::to_string(self).ok()?).ok()?,
        };
        Some(builder.envelope(&subject(tbs_sha256), receipt))
    }
}

fn subject(tbs_sha256: &str) -> String {
    format!("ct/certificate/{tbs_sha256}")
}

/// The name of the provider whose event led to a finding, from its `source`. `None` for any other event.
pub(crate) fn provider(source: &str) -> Option<&str> {
    source.strip_prefix(SOURCE)
}

/// The certificate of the logs that a finding is about. What was unexpected or missing is resolved later, and nothing
/// follows from that or from an expected one.
pub(crate) fn lifecycle(interpretation: &Interpretation) -> Lifecycle {
    let is_end = interpretation.kind == EventType::CtCertificateResolved;
    let rank = Some(if is_end { 2 } else { 1 });
    Lifecycle { certificate: interpretation.subject.clone(), rank }
}

/// Interprets a finding. `None` for a document that is none.
pub(crate) fn interpret(envelope: &Envelope) -> Option<Interpretation> {
    let finding: Finding = serde_json::from_str(envelope.data.get()).ok()?;
    let tbs_sha256 = finding.certificate.tbs_sha256.clone()?;
    let event = finding.state.as_str().trim_start_matches("certhooks.ct.");
    let common = Interpretation::of(finding.provider, event, finding.state, subject(&tbs_sha256));
    Some(Interpretation {
        identifiers: Map::from_iter([("tbs_sha256".to_owned(), Value::from(tbs_sha256))]),
        certificates: vec![finding.certificate],
        pem: finding.pem,
        correlation: Some(finding.correlation),
        ..common
    })
}
