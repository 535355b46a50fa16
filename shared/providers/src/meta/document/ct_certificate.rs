use envelope::{Certificate, Names};
use serde_json::value::RawValue;

use crate::json::{self, Members};
use crate::naming::is_short;
use crate::{distinguished_name, hash, validity};

/// The most that is read of a certificate's names, and the longest distinguished name in bytes: whoever
/// has a certificate issued decides both.
const DOMAINS: usize = 1000;
const NAME_LIMIT: usize = 4096;

/// A certificate of a Certificate Transparency log as Meta describes it, in `/certificates` and in
/// `ct_cert` of an event.
#[derive(Default)]
pub(crate) struct CtCertificate {
    pub(crate) id: Option<String>,
    /// Lower-case hex.
    pub(crate) sha256: Option<String>,
    pub(crate) pem: Option<String>,
    /// What Meta says about it next to the PEM.
    pub(crate) certificate: Certificate,
}

impl CtCertificate {
    /// Reads the members that public clients of `/certificates` read ("Certificate Transparency
    /// API").
    pub(crate) fn of(members: &Members<'_>) -> Self {
        let sha256 = members.text("cert_hash_sha256").as_deref().and_then(hash::sha256);
        let pem = members.text("certificate_pem");
        Self {
            id: members.get("id").and_then(id),
            pem: pem.filter(|pem| pem.contains("-----BEGIN CERTIFICATE-----")),
            certificate: Certificate {
                subject: name(members, "subject_name"),
                issuer: name(members, "issuer_name"),
                fingerprint_sha256: sha256.clone(),
                not_before: members
                    .text("not_valid_before")
                    .as_deref()
                    .and_then(validity::beginning),
                not_after: members.text("not_valid_after").as_deref().and_then(validity::end),
                names: names(members),
                ..Certificate::default()
            },
            sha256,
        }
    }
}

/// A Graph id: digits, or digits joined by underscores, as a string or a number.
pub(crate) fn id(value: &RawValue) -> Option<String> {
    let id = json::text(value).or_else(|| json::unsigned(value).map(|id| id.to_string()))?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then_some(id)
}

fn name(members: &Members<'_>, member: &str) -> Option<String> {
    let name = members.text(member).filter(|name| name.len() <= NAME_LIMIT)?;
    distinguished_name::of_one_line(&name)
}

fn names(members: &Members<'_>) -> Option<Names> {
    let domains = members.list("domains")?.into_iter().take(DOMAINS).filter_map(json::text);
    let dns: Vec<_> = domains.filter(|domain| is_short(domain)).collect();
    (!dns.is_empty()).then(|| Names { dns, ..Names::default() })
}
