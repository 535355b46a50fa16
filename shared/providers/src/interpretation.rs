use envelope::{Certificate, Envelope, EventType, Provider};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{cloudflare, digicert, json, meta, synthetic};

/// An envelope understood: where it stands in our vocabulary, and what to ask the provider.
#[derive(Clone, Debug)]
pub struct Interpretation {
    pub provider: Provider,
    /// The provider's own event name.
    pub event: String,
    pub kind: EventType,
    pub subject: String,
    pub identifiers: Map<String, Value>,
    pub plan: Plan,
    /// What the provider says is wrong; names that were skipped and why.
    pub problems: Vec<String>,
    pub dcv: Option<Value>,
    /// What the event itself says of a certificate, where no PEM came.
    pub certificates: Vec<Certificate>,
    /// PEM that came with the event: CertCentral's chain, Meta's certificate.
    pub pem: Option<String>,
}

/// The call-back column of design section 4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Plan {
    /// Nothing to ask.
    NotNeeded,
    /// The ids of the event cannot be used for a call-back.
    UnusableId,
    /// DigiCert: download `pem_all`; not asked when `Interpretation::pem` parses.
    Download { certificate_id: u64 },
    /// DigiCert: serial, thumbprint, names, status of an order.
    OrderInfo { order_id: u64 },
    /// Cloudflare: the custom hostname.
    Details { zone_id: String, hostname_id: String },
    /// Meta: by each subscribed domain, and by id where there is one.
    Observed { certificate_id: Option<String> },
    /// Meta: by each suspected name, and by the certificate's id.
    Phishing { domains: Vec<String>, certificate_id: Option<String> },
}

/// CertCentral's ownership challenge. Its token goes to the operator and nowhere else.
#[derive(Debug)]
pub struct Challenge {
    pub webhook_id: String,
    pub token: SecretString,
    /// 30 minutes after receipt.
    pub expires: OffsetDateTime,
}

/// Reads any envelope. Never fails: what is not understood is `Unrecognised`, whole.
/// `None` when the envelope's source is none of ours.
pub fn interpret(envelope: &Envelope) -> Option<Interpretation> {
    if let Some(provider) = synthetic::provider(envelope) {
        return Some(synthetic::read(provider));
    }
    match provider(envelope)? {
        Provider::Cloudflare => Some(cloudflare::interpret(envelope)),
        Provider::Digicert => Some(digicert::interpret(envelope)),
        Provider::Meta => Some(meta::interpret(envelope)),
    }
}

/// Whose event it is, from `source`.
pub fn provider(envelope: &Envelope) -> Option<Provider> {
    let first = envelope.source.strip_prefix('/')?.split('/').next()?;
    Provider::ALL.iter().copied().find(|provider| provider.as_str() == first)
}

/// The challenge in an envelope, if it is one.
pub fn challenge(envelope: &Envelope) -> Option<Challenge> {
    (provider(envelope)? == Provider::Digicert).then(|| digicert::challenge(envelope))?
}

/// SQS allows 128 characters in a group id (SendMessage, `MessageGroupId`).
const GROUP_LIMIT: usize = 128;

/// Fair-queue group: provider and order or hostname, in the 128 characters that SQS allows. What SQS
/// does not allow, or is longer, is replaced by its hash.
pub fn group(envelope: &Envelope, interpretation: &Interpretation) -> String {
    let order = interpretation.identifiers.get("order_id").and_then(Value::as_u64);
    let order = order.map(|id| format!("{}/order/{id}", interpretation.provider));
    let group = order.unwrap_or_else(|| envelope.subject.clone());
    if group.len() <= GROUP_LIMIT && group.bytes().all(|byte| byte.is_ascii_graphic()) {
        return group;
    }
    format!("{}/{}", interpretation.provider, json::id(&[interpretation.provider.as_str(), &group]))
}
