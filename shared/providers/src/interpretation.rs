use envelope::{Certificate, EventType, Provider};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

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
