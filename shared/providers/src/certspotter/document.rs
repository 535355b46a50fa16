use certificate::encode_pem;
use data_encoding::BASE64;
use envelope::{Certificate, Names};
use serde_json::value::RawValue;

use crate::interpretation::IssuerContact;
use crate::json::{self, Members};
use crate::naming::UNKNOWN;
use crate::{hash, receiver, validity};

/// The name of the one documented event, which the document itself does not say ("Unknown Certificate
/// Event").
const UNKNOWN_CERTIFICATE: &str = "unknown_certificate";

/// Where an event of another kind may have its name. None is documented.
const NAME_MEMBERS: [&str; 3] = ["event", "event_type", "type"];

/// The most names that are read of a list, and the longest name and id in bytes: whoever has a certificate
/// issued decides the names.
const NAMES: usize = 500;
const NAME_LIMIT: usize = 255;

/// The most CAA domains of an issuer, and the longest text about how to report to it, in bytes.
const DOMAINS: usize = 20;
const REPORTING_LIMIT: usize = 2000;

/// The content of a verified body.
pub(crate) enum Content<'a> {
    /// A certificate for a monitored domain, found in a log.
    Issuance(Issuance<'a>),
    /// An event of another kind.
    Other(Members<'a>),
    /// What `certhooks doctor` sends.
    Probe,
    /// Nothing that could be an event.
    Nothing,
}

impl<'a> Content<'a> {
    pub(crate) fn of(document: &'a RawValue) -> Self {
        let Some(root) = Members::of(document) else { return Self::Nothing };
        if let Some(issuance) = root.object("issuance") {
            return Self::Issuance(Issuance { root, issuance });
        }
        match root.get("id").is_some() || name(&root).is_some() {
            true => Self::Other(root),
            false if receiver::is_own_probe(document) => Self::Probe,
            false => Self::Nothing,
        }
    }

    pub(crate) fn event(&self) -> String {
        match self {
            Self::Issuance(_) => UNKNOWN_CERTIFICATE.to_owned(),
            Self::Other(root) => name(root).unwrap_or_else(|| UNKNOWN.to_owned()),
            Self::Probe | Self::Nothing => UNKNOWN.to_owned(),
        }
    }

    /// The derived id: of the issuance, else of the `whole` document. Cert Spotter may send an event twice
    /// ("Notes"). Its `Idempotency-Key` is not used, since it is of the request.
    pub(crate) fn id(&self, whole: &RawValue) -> String {
        let issuance_id = match self {
            Self::Issuance(issuance) => issuance.id(),
            _ => None,
        };
        match issuance_id {
            Some(id) => json::id(&["certspotter", "issuance", &id]),
            None => json::id(&["certspotter", &json::canonical(whole)]),
        }
    }
}

fn name(root: &Members<'_>) -> Option<String> {
    NAME_MEMBERS.iter().find_map(|member| root.text(member))
}

/// The document of the "Unknown Certificate Event".
pub(crate) struct Issuance<'a> {
    root: Members<'a>,
    issuance: Members<'a>,
}

impl Issuance<'_> {
    /// The id of the issuance, which the document has twice.
    pub(crate) fn id(&self) -> Option<String> {
        let of = |members: &Members<'_>| {
            let id = members.get("id")?;
            json::text(id).or_else(|| json::unsigned(id).map(|id| id.to_string()))
        };
        of(&self.root).or_else(|| of(&self.issuance)).filter(|id| id.len() <= NAME_LIMIT)
    }

    /// SHA-256 of the TBSCertificate (RFC 6962, 3.2), the same for a certificate and its precertificate.
    pub(crate) fn tbs_sha256(&self) -> Option<String> {
        hash::sha256(&self.issuance.text("tbs_sha256")?)
    }

    /// The monitored domains for which the certificate is valid, each once.
    pub(crate) fn monitored_domains(&self) -> Vec<String> {
        let endpoints = self.root.list("endpoints").unwrap_or_default().into_iter().take(NAMES);
        let domains =
            endpoints.filter_map(|endpoint| Members::of(endpoint)?.text("monitored_domain"));
        let mut domains: Vec<_> = domains.filter(|name| name.len() <= NAME_LIMIT).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }

    /// The certificate or precertificate as PEM; `None` where the document has none.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn pem(&self) -> Option<Result<String, String>> {
        let (member, text) = match self.issuance.text("cert_der") {
            Some(text) => ("issuance.cert_der", text),
            // What older versions of the API have in its place.
            None => ("issuance.cert.data", self.issuance.object("cert")?.text("data")?),
        };
        let der = BASE64.decode(text.as_bytes());
        Some(
            der.map(|der| encode_pem("CERTIFICATE", &der))
                .map_err(|_| format!("{member} is not Base64")),
        )
    }

    /// Whom to turn to about the certificate.
    pub(crate) fn issuer(&self) -> IssuerContact {
        let members = &self.issuance;
        let domains = members.object("issuer").and_then(|issuer| issuer.list("caa_domains"));
        let domains = domains.unwrap_or_default().into_iter().take(DOMAINS).filter_map(json::text);
        let reporting = members.text("problem_reporting");
        IssuerContact {
            caa_domains: domains.filter(|name| name.len() <= NAME_LIMIT).collect(),
            problem_reporting: reporting.filter(|text| text.len() <= REPORTING_LIMIT),
        }
    }

    /// What the document says about the certificate beside it.
    pub(crate) fn certificate(&self) -> Certificate {
        let members = &self.issuance;
        Certificate {
            tbs_sha256: self.tbs_sha256(),
            spki_sha256: members.text("pubkey_sha256").as_deref().and_then(hash::sha256),
            not_before: members.text("not_before").as_deref().and_then(validity::beginning),
            not_after: members.text("not_after").as_deref().and_then(validity::end),
            names: names(members),
            ..Certificate::default()
        }
    }
}

fn names(issuance: &Members<'_>) -> Option<Names> {
    let names = issuance.list("dns_names")?.into_iter().take(NAMES).filter_map(json::text);
    let dns: Vec<_> = names.filter(|name| name.len() <= NAME_LIMIT).collect();
    (!dns.is_empty()).then(|| Names { dns, ..Names::default() })
}
