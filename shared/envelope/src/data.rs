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
    /// order_id, certificate_id, webhook_id, hostname, hostname_id, zone_id, domain, …: strings, or lists of
    /// strings.
    pub identifiers: Map<String, Value>,
    pub callback: Callback,
    /// The provider's name for the state of the order, or of the hostname's certificate.
    pub status: Option<String>,
    /// Leaf first, then its issuers. For Meta one certificate.
    pub certificates: Vec<Certificate>,
    /// The same certificates in the same order, as PEM with LF.
    pub pem_chain: Option<String>,
    /// The worst result of the checks.
    pub verdict: Verdict,
    /// Results of the checks of the chain.
    pub checks: Checks,
    /// What the provider says is wrong, and the names in the event that were skipped and why.
    pub problems: Vec<String>,
    /// What domain control validation waits for: `{method, records: [{type, name, value}], delegation,
    /// expires}`. `None` when it waits for nothing.
    pub dcv: Option<Value>,
    /// Other certificates that the call-back found, without PEM. For Meta those of the suspected
    /// names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Certificate>,
    /// The provider's document, byte for byte except for private keys, which are removed. `None` when it
    /// was offloaded.
    pub payload: Option<Box<RawValue>>,
    /// Where the members are that made the event too large for a queue. `None` when it holds them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offloaded: Option<Offloaded>,
}

/// An archive object with members of an event: a JSON object of them, each under its name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Offloaded {
    pub uri: String,
    /// In bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// The names of the members, one of `identifiers` with a full stop: `payload`, `pem_chain`,
    /// `identifiers.phishing_domains`, … In the event they are null, or a list with its first element.
    pub members: Vec<String>,
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
    /// The issuer in the provider's own words, such as `DigiCertInc`, where it gives no name.
    pub certificate_authority: Option<String>,
    /// Upper-case hex in whole octets, without a leading zero octet.
    pub serial_number: Option<String>,
    /// Lower-case hex.
    pub fingerprint_sha256: Option<String>,
    /// Lower-case hex. Only set if the provider names it and sends no PEM (CertCentral's order
    /// info).
    pub fingerprint_sha1: Option<String>,
    /// Lower-case hex. SHA-256 of the TBSCertificate without its list of SCTs (RFC 6962, 3.2): a
    /// certificate and its precertificate have the same one.
    pub tbs_sha256: Option<String>,
    /// Lower-case hex. SHA-256 of the SubjectPublicKeyInfo.
    pub spki_sha256: Option<String>,
    /// RFC 3339 in UTC with seconds. A provider's date without a time is the first second of the day.
    pub not_before: Option<String>,
    /// As `not_before`; the last second of the day.
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
