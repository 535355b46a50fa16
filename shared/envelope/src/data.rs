use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Outcome, Provider, Reason};

/// `data` of a certificate event.
#[derive(Clone, Deserialize, Serialize)]
pub struct CertificateData {
    pub provider: Provider,
    /// The provider's own name of the event.
    pub event: String,
    /// order_id, certificate_id, webhook_id (numbers), hostname, hostname_id, zone_id, domain, …
    pub identifiers: Map<String, Value>,
    pub callback: Callback,
    /// The provider's name for the state of the order, or of the hostname's certificate.
    pub status: Option<String>,
    /// Leaf first, then its issuers. For Meta one certificate.
    pub certificates: Vec<Certificate>,
    /// The same certificates in the same order, as PEM with LF.
    pub pem_chain: Option<String>,
    /// Results of the checks of the chain.
    pub checks: Checks,
    /// What the provider says is wrong, and the names in the event that were skipped and why.
    pub problems: Vec<String>,
    /// What domain control validation waits for, as the provider gives it. `None` when it waits for
    /// nothing.
    pub dcv: Option<Value>,
    /// Other certificates that the call-back found, without PEM. For Meta those of the suspected
    /// names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Certificate>,
    /// The provider's document, byte for byte except for private keys, which are removed. `None`
    /// when it was offloaded to `dataref`.
    pub payload: Option<Box<RawValue>>,
}

/// The result of the call-back to the provider.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Callback {
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Number of call-backs made for this event, including the last one.
    pub attempts: u32,
    /// HTTP status of the last answer. `None` when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// One certificate. A member is `None` if the provider sent no PEM to read it from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Certificate {
    /// Distinguished name in the form of RFC 4514.
    pub subject: Option<String>,
    /// As `subject`.
    pub issuer: Option<String>,
    /// Upper-case hex, without a leading zero octet.
    pub serial_number: Option<String>,
    /// Lower-case hex.
    pub fingerprint_sha256: Option<String>,
    /// Lower-case hex. Only set if the provider names it and sends no PEM (CertCentral's order
    /// info).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint_sha1: Option<String>,
    /// RFC 3339, or the date alone if the provider gives no time.
    pub not_before: Option<String>,
    /// As `not_before`.
    pub not_after: Option<String>,
    pub names: Option<Names>,
    /// `RSA`, `EC P-256`, `EC P-384`, `Ed25519`, … or the OID.
    pub key_algorithm: Option<String>,
    /// Size of the public key in bits.
    pub key_bits: Option<u32>,
    /// `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, … or the OID.
    pub signature_algorithm: Option<String>,
}

/// Subject alternative names by type.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Names {
    pub dns: Vec<String>,
    pub ip: Vec<String>,
    pub email: Vec<String>,
}

/// The result of each check: `ok`, `not_applicable`, or a sentence that says what is wrong.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Checks {
    /// The certificates came leaf first, each followed by its issuer.
    pub order: String,
    /// Each certificate is signed by the next one.
    pub signatures: String,
    /// Every certificate is valid now.
    pub validity: String,
    /// Every key is strong enough.
    pub key_strength: String,
    /// The leaf is no CA certificate.
    pub leaf_not_ca: String,
    /// The leaf has the names that its purpose needs: DNS or IP for TLS, e-mail for S/MIME.
    pub names_present: String,
    /// No certificate came twice.
    pub duplicates: String,
    /// No private key came with the certificates.
    pub private_key: String,
    /// Every signature algorithm is one that can be verified.
    pub algorithm: String,
}

impl Checks {
    pub const OK: &'static str = "ok";
    pub const NOT_APPLICABLE: &'static str = "not_applicable";
}

impl Default for Checks {
    fn default() -> Self {
        let not_applicable = || Self::NOT_APPLICABLE.to_owned();
        Self {
            order: not_applicable(),
            signatures: not_applicable(),
            validity: not_applicable(),
            key_strength: not_applicable(),
            leaf_not_ca: not_applicable(),
            names_present: not_applicable(),
            duplicates: not_applicable(),
            private_key: not_applicable(),
            algorithm: not_applicable(),
        }
    }
}
