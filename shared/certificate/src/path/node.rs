use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::Oid;

use super::known_authorities::KnownAuthority;
use super::name::ComparableName;
use crate::parsed::{self, Parsed};

/// A certificate with what building and validating paths asks of it.
pub(crate) struct Node<'a> {
    pub(crate) parsed: Parsed<'a>,
    pub(crate) subject: ComparableName,
    pub(crate) issuer: ComparableName,
}

impl<'a> Node<'a> {
    /// `None` when `der` is anything but exactly one X.509 certificate.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        if let Some(KnownAuthority { description, key, subject, issuer }) = KnownAuthority::of(der)
        {
            let x509 = parsed::x509(der)?;
            return Some(Self { parsed: Parsed { der, x509, description, key }, subject, issuer });
        }
        let parsed = Parsed::read(der)?;
        let node = Self {
            subject: ComparableName::from_der(parsed.x509.subject().as_raw())?,
            issuer: ComparableName::from_der(parsed.x509.issuer().as_raw())?,
            parsed,
        };
        KnownAuthority::keep(&node);
        Some(node)
    }

    pub(crate) fn x509(&self) -> &X509Certificate<'a> {
        &self.parsed.x509
    }

    pub(crate) fn label(&self) -> String {
        self.parsed.label()
    }

    /// RFC 5280, 6.1: a certificate is self-issued when both of its names are the same.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// DER of the `SubjectPublicKeyInfo`.
    pub(crate) fn spki(&self) -> &[u8] {
        self.x509().public_key().raw
    }

    pub(crate) fn is_ca(&self) -> bool {
        self.parsed.is_ca() == Some(true)
    }

    /// An extension that x509-parser knows; `None` also when it occurs twice or cannot be parsed,
    /// which the rules report by themselves.
    pub(crate) fn extension(&self, oid: &Oid<'_>) -> Option<&ParsedExtension<'a>> {
        Some(self.x509().get_extension_unique(oid).ok()??.parsed_extension())
    }

    /// Whether a certificate that names `authority` as the key of its issuer can mean this one; a
    /// missing identifier on either side excludes nothing (RFC 5280, 4.2.1.1).
    pub(crate) fn may_hold(&self, authority: Option<&[u8]>) -> bool {
        match (authority, self.parsed.subject_key_id()) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => true,
        }
    }
}
