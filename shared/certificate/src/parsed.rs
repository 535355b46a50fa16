use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::{
    OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, Oid,
};

use crate::key::{self, Key};
use crate::{alternative_names, distinguished_name, serial, signature_algorithm, tbs};

/// One certificate, with what ordering and checks need of it.
pub(crate) struct Parsed<'a> {
    pub(crate) der: &'a [u8],
    pub(crate) x509: X509Certificate<'a>,
    /// Its description in a certificate event.
    pub(crate) description: envelope::Certificate,
    pub(crate) key: Key,
}

/// `None` unless `der` is exactly one X.509 certificate.
pub(crate) fn x509(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, x509) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(x509)
}

impl<'a> Parsed<'a> {
    /// `None` unless `der` is exactly one X.509 certificate.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let x509 = x509(der)?;
        let key = key::read(x509.public_key());
        let subject = distinguished_name::text(x509.subject());
        let issuer = distinguished_name::text(x509.issuer());
        Some(Self {
            der,
            description: envelope::Certificate {
                subject: Some(subject),
                certificate_authority: None,
                issuer: Some(issuer),
                serial_number: Some(serial::hex(x509.raw_serial())),
                fingerprint_sha256: Some(HEXLOWER.encode(digest(&SHA256, der).as_ref())),
                fingerprint_sha1: None,
                tbs_sha256: tbs::sha256(x509.tbs_certificate.as_ref()),
                spki_sha256: Some(HEXLOWER.encode(digest(&SHA256, x509.public_key().raw).as_ref())),
                not_before: Some(envelope::rfc3339(x509.validity().not_before.to_datetime())),
                not_after: Some(envelope::rfc3339(x509.validity().not_after.to_datetime())),
                names: Some(alternative_names::read(&x509)),
                key_algorithm: Some(key.algorithm.clone()),
                key_bits: key.bits,
                signature_algorithm: Some(signature_algorithm::name(&x509.signature_algorithm)),
            },
            key,
            x509,
        })
    }

    /// Its name in the findings of checks: `CN=…`, shortened to 64 characters.
    pub(crate) fn label(&self) -> String {
        const MAX_LENGTH: usize = 64;
        let subject = self.description.subject.as_deref().unwrap_or_default();
        let label = match distinguished_name::common_name(self.x509.subject()) {
            Some(common_name) => format!("CN={common_name}"),
            None if subject.is_empty() => format!("serial {}", serial::hex(self.x509.raw_serial())),
            None => subject.to_owned(),
        };
        match label.char_indices().nth(MAX_LENGTH) {
            Some((end, _)) => format!("{}…", label.get(..end).unwrap_or_default()),
            None => label,
        }
    }

    /// Whether it may issue certificates; `None` when its basic constraints cannot be read.
    pub(crate) fn is_ca(&self) -> Option<bool> {
        match self.x509.get_extension_unique(&OID_X509_EXT_BASIC_CONSTRAINTS) {
            Ok(None) => Some(false),
            Ok(Some(extension)) => match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => Some(constraints.ca),
                _ => None,
            },
            Err(_) => None,
        }
    }

    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        match self.extension(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)? {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        }
    }

    pub(crate) fn authority_key_id(&self) -> Option<&[u8]> {
        match self.extension(&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER)? {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                id.key_identifier.as_ref().map(|id| id.0)
            }
            _ => None,
        }
    }

    fn extension(&self, oid: &Oid<'_>) -> Option<&ParsedExtension<'a>> {
        let extension = self.x509.get_extension_unique(oid).ok()??;
        Some(extension.parsed_extension())
    }
}
