use std::sync::Arc;

use anyhow::Result;
use certificate::encode_pem;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SerialNumber,
};
use time::{Duration, OffsetDateTime, Time};

use super::issued::{Curve, Issued};

const ORGANIZATION: &str = "Certhooks Simulator";
/// X.520 allows 64 characters in a common name. A longer one is left out.
const MAX_COMMON_NAME_LENGTH: usize = 64;

/// The extension that makes a precertificate of a certificate, and its value, NULL (RFC 6962, 3.1).
const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 3];
const NULL: [u8; 2] = [5, 0];

/// What a leaf is to be.
pub(super) struct Request {
    pub(super) serial: u128,
    /// The first one is the common name.
    pub(super) names: Vec<String>,
    pub(super) issued_at: OffsetDateTime,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    /// `None` for the key that leaves share.
    pub(super) public_key: Option<Arc<KeyPair>>,
    pub(super) is_precertificate: bool,
}

/// A root and the intermediate under it, with their PEM, and one key that all leaves share, because
/// generating a key would cost more than the signature.
pub(crate) struct Hierarchy {
    intermediate: CertifiedIssuer<'static, KeyPair>,
    intermediate_pem: String,
    root_pem: String,
    intermediate_name: String,
    root_name: String,
    leaf_key: KeyPair,
}

impl Hierarchy {
    pub(super) fn new(label: &str, curve: Curve, now: OffsetDateTime) -> Result<Self> {
        let key = || KeyPair::generate_for(curve.algorithm());
        let root_name = format!("{ORGANIZATION} {label} Root CA");
        let intermediate_name = format!("{ORGANIZATION} {label} TLS CA");
        let root = CertifiedIssuer::self_signed(ca(&root_name, None, 25, now), key()?)?;
        let params = ca(&intermediate_name, Some(0), 10, now);
        let intermediate = CertifiedIssuer::signed_by(params, key()?, &root)?;
        Ok(Self {
            intermediate_pem: encode_pem("CERTIFICATE", intermediate.der()),
            root_pem: encode_pem("CERTIFICATE", root.der()),
            intermediate,
            intermediate_name,
            root_name,
            leaf_key: key()?,
        })
    }

    /// The root as PEM with LF.
    pub(crate) fn root(&self) -> &str {
        &self.root_pem
    }

    /// The intermediate as PEM with LF.
    pub(crate) fn intermediate(&self) -> &str {
        &self.intermediate_pem
    }

    pub(crate) fn root_name(&self) -> &str {
        &self.root_name
    }

    pub(crate) fn intermediate_name(&self) -> &str {
        &self.intermediate_name
    }

    pub(super) fn issue(&self, request: Request, curve: Curve) -> Result<Issued> {
        let Request { serial, names, issued_at, not_before, not_after, .. } = request;
        let common_name = names.first().cloned().unwrap_or_default();

        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name = name("Example, Inc.", &common_name);
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        (params.not_before, params.not_after) = (not_before, not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        if request.is_precertificate {
            let mut poison = CustomExtension::from_oid_content(&POISON, NULL.to_vec());
            poison.set_criticality(true);
            params.custom_extensions.push(poison);
        }
        let key = request.public_key.as_deref().unwrap_or(&self.leaf_key);
        let leaf = params.signed_by(key, &self.intermediate)?;
        Ok(Issued {
            pem: encode_pem("CERTIFICATE", leaf.der()),
            leaf: leaf.der().to_vec(),
            curve,
            serial,
            not_before,
            not_after,
            issued_at,
            subject: one_line(&params.distinguished_name),
            issuer: one_line(&name(ORGANIZATION, &self.intermediate_name)),
            common_name,
            names,
        })
    }
}

fn ca(
    common_name: &str,
    path_length: Option<u8>,
    years: i64,
    now: OffsetDateTime,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(ORGANIZATION, common_name);
    params.is_ca = IsCa::Ca(match path_length {
        Some(length) => BasicConstraints::Constrained(length),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    let today = now.replace_time(Time::MIDNIGHT);
    params.not_before = today - Duration::days(365);
    params.not_after = today + Duration::days(365 * years);
    params
}

fn name(organization: &str, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "US");
    name.push(DnType::OrganizationName, organization);
    if common_name.len() <= MAX_COMMON_NAME_LENGTH {
        name.push(DnType::CommonName, common_name);
    }
    name
}

/// The one-line form of OpenSSL: `/C=US/O=Example, Inc./CN=...`.
fn one_line(name: &DistinguishedName) -> String {
    let part = |(kind, value): (&DnType, &rcgen::DnValue)| {
        let short = match kind {
            DnType::CountryName => "C",
            DnType::OrganizationName => "O",
            _ => "CN",
        };
        match value {
            rcgen::DnValue::Utf8String(text) => format!("/{short}={text}"),
            _ => String::new(),
        }
    };
    name.iter().map(part).collect()
}
