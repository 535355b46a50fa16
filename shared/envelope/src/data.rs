use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Checks, Correlation, Outcome, Provider, Reason, Verdict};

/// What a certificate event says: `data` of the message.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CertificateData {
    pub provider: Provider,
    /// The provider's own name of the event, such as `certificate_issued` or
    /// `ssl.custom_hostname_certificate.issuance.succeeded`; at most 256 characters. For Cert Spotter, whose events have no
    /// names, `unknown_certificate`. For a synthetic event `canary`.
    pub event: String,
    #[cfg_attr(feature = "schema", schemars(with = "Identifiers"))]
    pub identifiers: Map<String, Value>,
    pub callback: Callback,
    /// The state of the order, or of the hostname's certificate, at the time of the call-back, in the provider's own
    /// word (`issued`, `pending_validation`, …).
    ///
    /// Null: the call-back does not tell it, or there was none.
    ///
    /// From: DigiCert, Cloudflare.
    pub status: Option<String>,
    /// The certificates that the event is about. Where they came as PEM, the leaf first and then its issuers, in the order
    /// of the path and as far as they came. Where not, what the provider says of them: for Cloudflare one entry for each
    /// certificate of the hostname, else one entry. Empty where nothing is known of a certificate.
    pub certificates: Vec<Certificate>,
    /// The certificates as PEM (RFC 7468) with LF, in the order of `certificates`, and nothing else.
    ///
    /// Null: no certificate came as PEM, or `offloaded` names this member. Always null for Cloudflare, whose API gives no
    /// PEM.
    ///
    /// From: DigiCert, Meta, Cert Spotter.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::PEM_CHAIN)))]
    pub pem_chain: Option<String>,
    pub verdict: Verdict,
    pub checks: Checks,
    /// What the provider says is wrong, and what could not be done with the event and why: one sentence each, for people.
    pub problems: Vec<String>,
    /// What domain control validation waits for.
    ///
    /// Null: it waits for nothing, or the provider does not say.
    ///
    /// From: Cloudflare.
    pub dcv: Option<Dcv>,
    /// Why the certificate is expected, unexpected, missing or resolved.
    ///
    /// Absent: the event is of another type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// Other certificates that the call-back found for the suspected names, without PEM; at most 100.
    ///
    /// Absent: none were found.
    ///
    /// From: Meta.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Certificate>,
    /// The provider's document: JSON as it came, byte for byte, or an object of the fields of a form or a query, without
    /// what proves the sender. Private keys and addresses of people are removed. Its form is the provider's own and may
    /// change at any time. For Meta the document is reduced to the one update that the event is about.
    ///
    /// Null: `offloaded` names this member, or the event is synthetic.
    #[cfg_attr(feature = "schema", schemars(with = "Value"))]
    pub payload: Option<Box<RawValue>>,
    /// Where the members are that made the event larger than a queue takes.
    ///
    /// Absent: the event holds all its members. Always so from `certhooks local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offloaded: Option<Offloaded>,
}

/// The ids and names in the event by which its object is found at the provider. Numbers are text too, since 64-bit
/// numbers do not survive JavaScript. A member is absent where the event does not name it in a form that can be used.
#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[schemars(transform = crate::schema::optional_identifiers)]
#[expect(dead_code, reason = "it describes a map")]
pub(crate) struct Identifiers {
    /// Id of the account.
    ///
    /// From: Cloudflare.
    account_id: Option<String>,
    /// Id of the certificate. For DigiCert a number; for Cloudflare that of the certificate pack; for Meta the id of its node
    /// in the Graph API.
    ///
    /// From: DigiCert, Cloudflare, Meta.
    certificate_id: Option<String>,
    /// The domain that the event is about; for Meta the domain that is imitated.
    ///
    /// From: DigiCert, Meta.
    domain: Option<String>,
    /// Id of the domain. For DigiCert a number.
    ///
    /// From: DigiCert.
    domain_id: Option<String>,
    /// Id of the webhook's entry.
    ///
    /// From: Meta.
    entry_id: Option<String>,
    /// The custom hostname.
    ///
    /// From: Cloudflare.
    hostname: Option<String>,
    /// Id of the custom hostname, usually 32 hex digits.
    ///
    /// From: Cloudflare.
    hostname_id: Option<String>,
    /// Id of the issuance.
    ///
    /// From: Cert Spotter.
    issuance_id: Option<String>,
    /// The monitored domains for which the certificate is valid, each once.
    ///
    /// From: Cert Spotter.
    monitored_domains: Option<Vec<String>>,
    /// Id of the order. For DigiCert a number.
    ///
    /// From: DigiCert.
    order_id: Option<String>,
    /// Id of the organization. For DigiCert a number.
    ///
    /// From: DigiCert.
    organization_id: Option<String>,
    /// The suspected names, each once, without a wildcard label; at most 500.
    ///
    /// From: Meta.
    phishing_domains: Option<Vec<String>>,
    /// SHA-256 of the TBSCertificate without its SCTs, as `tbs_sha256` of the certificate.
    ///
    /// From: DigiCert, Cert Spotter.
    #[schemars(extend("pattern" = crate::schema::SHA256))]
    tbs_sha256: Option<String>,
    /// Id of the webhook at the provider. For DigiCert a number.
    ///
    /// From: DigiCert.
    webhook_id: Option<String>,
    /// Id of the zone, usually 32 hex digits.
    ///
    /// From: Cloudflare.
    zone_id: Option<String>,
}

/// What domain control validation waits for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dcv {
    /// The method of validation, in the provider's own word (`http`, `txt`, `email`, …).
    ///
    /// Null: the provider does not name it.
    pub method: Option<String>,
    /// The records that are to be published, each of which the validation waits for.
    #[serde(default)]
    pub records: Vec<DcvRecord>,
    /// The records by which validation is delegated to the provider for good.
    ///
    /// Null: there are none.
    pub delegation: Option<Vec<DcvRecord>>,
    /// When the records end, as RFC 3339 in UTC with seconds.
    ///
    /// Null: the provider does not say. At present always.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("format" = "date-time", "pattern" = crate::schema::SECONDS))
    )]
    pub expires: Option<String>,
}

/// A record that is to be published.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DcvRecord {
    /// `CNAME` or `TXT` in the DNS, or `HTTP` for a page. Further ones may come; empty where the provider does not say.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name of the DNS record, or the URL of the page.
    ///
    /// Null: the provider does not name it.
    pub name: Option<String>,
    /// The value of the DNS record, or the content of the page.
    ///
    /// Null: the provider does not tell it.
    pub value: Option<String>,
}

/// An object in the archive with members of the event (the claim-check pattern). It is a JSON object, each member under
/// its name in `members`. Whoever may consume the deliveries queue may read it, also from another account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offloaded {
    /// Where the object is: `s3://BUCKET/deliveries/KEY`.
    pub uri: String,
    /// Size of the object in bytes.
    pub size: u64,
    /// SHA-256 of the object, in lower-case hex.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SHA256)))]
    pub sha256: String,
    /// The names of the members; one of `identifiers` with a full stop: `payload`, `pem_chain`,
    /// `identifiers.phishing_domains`, … In the event they are null, or a list with its first element alone.
    pub members: Vec<String>,
}

/// What came of the call-back: the request of Certhooks to the provider's API about the event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Callback {
    pub outcome: Outcome,
    /// Why the call-back did not succeed.
    ///
    /// Absent: it succeeded, or there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Number of times that the provider was asked about the event, the last one included; 0 where it was not. One time
    /// may take several requests.
    pub attempts: u32,
    /// HTTP status of the last answer.
    ///
    /// Absent: there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// One certificate. A member is null where the certificate did not come as PEM and the provider does not tell it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Certificate {
    /// Distinguished name of the subject in the form of RFC 4514, the most specific part first. Empty where the
    /// certificate has none.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Meta without PEM too.
    pub subject: Option<String>,
    /// Distinguished name of the issuer, as `subject`.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Meta without PEM too.
    pub issuer: Option<String>,
    /// The issuer in the provider's own words, such as `DigiCertInc`.
    ///
    /// Null: the certificate came as PEM, or the provider does not tell it.
    ///
    /// From: Cloudflare.
    pub certificate_authority: Option<String>,
    /// Serial number in upper-case hex of whole octets, without a leading zero octet. A negative one, which RFC 5280
    /// forbids and some old roots have, is its amount behind a minus.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; DigiCert and Cloudflare without PEM too.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SERIAL)))]
    pub serial_number: Option<String>,
    /// SHA-256 of the certificate, in lower-case hex.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Cloudflare and Meta without PEM too.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SHA256)))]
    pub fingerprint_sha256: Option<String>,
    /// SHA-1 of the certificate, in lower-case hex.
    ///
    /// Null: the certificate came as PEM, or the provider does not tell it.
    ///
    /// From: DigiCert without PEM.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SHA1)))]
    pub fingerprint_sha1: Option<String>,
    /// SHA-256 of the TBSCertificate without its list of SCTs (RFC 6962, 3.2), in lower-case hex. A certificate and its
    /// precertificate have the same one.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Cert Spotter without PEM too.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SHA256)))]
    pub tbs_sha256: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, in lower-case hex.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Cert Spotter without PEM too.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = crate::schema::SHA256)))]
    pub spki_sha256: Option<String>,
    /// Beginning of the validity, as RFC 3339 in UTC with seconds. A date without a time is its first second.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("format" = "date-time", "pattern" = crate::schema::SECONDS))
    )]
    pub not_before: Option<String>,
    /// End of the validity, as RFC 3339 in UTC with seconds. A date without a time is its last second.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("format" = "date-time", "pattern" = crate::schema::SECONDS))
    )]
    pub not_after: Option<String>,
    /// The subject alternative names.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell them.
    pub names: Option<Names>,
    /// Algorithm of the public key: `RSA`, `EC P-256`, `EC P-384`, `Ed25519`, `ML-DSA-44`, …; the OID of one that has no name
    /// here.
    ///
    /// Null: the certificate did not come as PEM.
    ///
    /// From: any PEM.
    pub key_algorithm: Option<String>,
    /// Size of the public key in bits.
    ///
    /// Null: the certificate did not come as PEM and the provider does not tell it, or such keys have no size (ML-DSA).
    ///
    /// From: any PEM; DigiCert without PEM too.
    pub key_bits: Option<u32>,
    /// Algorithm of the signature: `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, `rsassaPss`, `Ed25519`, …; the OID of one
    /// that has no name here.
    ///
    /// Null: the certificate did not come as PEM, and the provider does not tell it.
    ///
    /// From: any PEM; Cloudflare without PEM too.
    pub signature_algorithm: Option<String>,
}

/// Subject alternative names by type, as the certificate has them: wildcards and A-labels (`xn--`) stay.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Names {
    /// DNS names.
    pub dns: Vec<String>,
    /// IPv4 and IPv6 addresses, the latter in the form of RFC 5952.
    pub ip: Vec<String>,
    /// E-mail addresses.
    pub email: Vec<String>,
}
