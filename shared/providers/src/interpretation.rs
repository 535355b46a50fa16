use envelope::{Certificate, EventType, Provider};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// What an envelope means: its type in the public vocabulary, and what to ask the provider.
#[derive(Clone, Debug)]
pub struct Interpretation {
    pub provider: Provider,
    /// The provider's own event name.
    pub event: String,
    pub kind: EventType,
    pub subject: String,
    pub identifiers: Map<String, Value>,
    pub plan: Plan,
    /// What the provider says is wrong, and the names that were skipped and why.
    pub problems: Vec<String>,
    /// What domain control validation waits for, as the provider gives it.
    pub dcv: Option<Value>,
    /// What the event itself says about a certificate, where it came without PEM.
    pub certificates: Vec<Certificate>,
    /// PEM that came with the event: CertCentral's chain, or Meta's certificate.
    pub pem: Option<String>,
}

/// The call-back that an event needs (`infra/docs/architecture.md`, "Call-backs and their results").
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Plan {
    /// No call-back.
    NotNeeded,
    /// The ids of the event cannot be used for a call-back.
    UnusableId,
    /// DigiCert: download `pem_all`. Not needed when [`Interpretation::pem`] parses.
    Download { certificate_id: u64 },
    /// DigiCert: serial number, thumbprint, names and status of an order.
    OrderInfo { order_id: u64 },
    /// Cloudflare: the custom hostname.
    Details { zone_id: String, hostname_id: String },
    /// Meta: search by each subscribed domain, and by id if the event has one.
    Observed { certificate_id: Option<String> },
    /// Meta: search by each suspected name, and by id if the event has one.
    Phishing { domains: Vec<String>, certificate_id: Option<String> },
}

/// CertCentral's ownership challenge. Only the operator receives its token.
#[derive(Debug)]
pub struct Challenge {
    pub webhook_id: String,
    pub token: SecretString,
    /// 30 minutes after receipt.
    pub expires: OffsetDateTime,
}
