use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Checks, Outcome, Provider, Reason, Verdict};

/// `data` of a certificate event.
#[derive(Clone, Deserialize, Serialize)]
pub struct CertificateData {
    pub provider: Provider,
    /// The provider's own name of the event.
    pub event: String,
    /// order_id, certificate_id, webhook_id (numbers), hostname, hostname_id, zone_id, domain, …
    pub identifiers: Map<String, Value>,
    pub callback: Callback,
    /// What the provider calls the state of the order, or of the hostname's certificate.
    pub status: Option<String>,
    /// Leaf first, then issuers; for Meta just one.
    pub certificates: Vec<Certificate>,
    /// The same certificates in the same order, PEM with LF.
    pub pem_chain: Option<String>,
    /// The worst of the checks.
    pub verdict: Verdict,
    pub checks: Checks,
    /// What the provider says is wrong, and names in the event that were skipped and why.
    pub problems: Vec<String>,
    /// What domain control validation waits for, as the provider gives it.
    pub dcv: Option<Value>,
    /// Other certificates that the call-back found (Meta: for the suspected names), without PEM.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Certificate>,
    /// The provider's document, byte for byte but for private keys; null once moved to `dataref`.
    pub payload: Option<Box<RawValue>>,
}

/// What came of asking the provider.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Callback {
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Call-backs made for this event, the last one included.
    pub attempts: u32,
    /// HTTP status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// One certificate; a member is null where the provider gives no PEM to read it from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Certificate {
    /// Distinguished name, RFC 4514 style.
    pub subject: Option<String>,
    pub issuer: Option<String>,
    /// Upper-case hex, without a leading zero octet.
    pub serial_number: Option<String>,
    /// Lower-case hex.
    pub fingerprint_sha256: Option<String>,
    /// Lower-case hex; only where the provider names it and gives no PEM (CertCentral order info).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint_sha1: Option<String>,
    /// Lower-case hex; SHA-256 of the TBSCertificate without its list of SCTs (RFC 6962, 3.2), which a
    /// certificate shares with its precertificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbs_sha256: Option<String>,
    /// Lower-case hex; SHA-256 of the SubjectPublicKeyInfo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spki_sha256: Option<String>,
    /// RFC 3339, or the date alone where the provider gives no more.
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    pub names: Option<Names>,
    /// `RSA`, `EC P-256`, `EC P-384`, `Ed25519`, … or the OID.
    pub key_algorithm: Option<String>,
    pub key_bits: Option<u32>,
    /// `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, … or the OID.
    pub signature_algorithm: Option<String>,
}

/// Subject alternative names.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Names {
    pub dns: Vec<String>,
    pub ip: Vec<String>,
    pub email: Vec<String>,
}
