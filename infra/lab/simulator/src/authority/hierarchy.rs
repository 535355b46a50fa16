use anyhow::Result;
use certificate::encode_pem;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SerialNumber,
};
use time::{Duration, OffsetDateTime, Time};

use super::issued::{Curve, Issued, serial_number};

const ORGANIZATION: &str = "Certhooks Simulator";
/// X.520 allows 64 characters in a common name. A longer one is left out.
const MAX_COMMON_NAME_LENGTH: usize = 64;

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
    pub(super) fn new(label: &str, curve: Curve) -> Result<Self> {
        let key = || KeyPair::generate_for(curve.algorithm());
        let root_name = format!("{ORGANIZATION} {label} Root CA");
        let intermediate_name = format!("{ORGANIZATION} {label} TLS CA");
        let root = CertifiedIssuer::self_signed(ca(&root_name, None, 25), key()?)?;
        let params = ca(&intermediate_name, Some(0), 10);
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

    pub(super) fn issue(&self, key: &str, names: Vec<String>, curve: Curve) -> Result<Issued> {
        let serial = serial_number(key);
        let issued_at = OffsetDateTime::now_utc();
        // It is valid from the beginning of yesterday, in case the clock of a consumer is slow.
        let not_before = (issued_at - Duration::DAY).replace_time(Time::MIDNIGHT);
        let not_after = not_before + Duration::days(47) - Duration::SECOND;
        let common_name = names.first().cloned().unwrap_or_default();

        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name = name("Example, Inc.", &common_name);
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        (params.not_before, params.not_after) = (not_before, not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&self.leaf_key, &self.intermediate)?;
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

fn ca(common_name: &str, path_length: Option<u8>, years: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(ORGANIZATION, common_name);
    params.is_ca = IsCa::Ca(match path_length {
        Some(length) => BasicConstraints::Constrained(length),
        None => BasicConstraints::Unconstrained,
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    let today = OffsetDateTime::now_utc().replace_time(Time::MIDNIGHT);
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
