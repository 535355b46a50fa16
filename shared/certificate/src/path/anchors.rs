use std::collections::HashMap;

use x509_parser::asn1_rs::FromDer;
use x509_parser::x509::X509Name;

use super::name::ComparableName;
use super::node::Node;
use crate::der::{self, SEQUENCE};
use crate::{distinguished_name, pem};

/// When Mozilla's list was compiled in: the day on which the release of the crate `webpki-roots` that
/// `Cargo.lock` names was made of CCADB's report. A test compares the version with `Cargo.lock`.
pub const MOZILLA_LIST_DATE: &str = "2026-10-19";

/// The certificates that a path may end at.
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {
    pub(crate) anchors: Vec<Anchor>,
    by_name: HashMap<ComparableName, Vec<usize>>,
    pub(crate) has_mozilla: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) name: ComparableName,
    /// DER of the same name.
    name_der: Vec<u8>,
    /// DER of the `SubjectPublicKeyInfo`.
    pub(crate) spki: Vec<u8>,
    /// Content of the `NameConstraints` that Mozilla keeps for it.
    pub(crate) name_constraints: Option<Vec<u8>>,
    pub(crate) source: Source,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Mozilla keeps name, key and name constraints only; its list speaks for TLS servers.
    Mozilla,
    /// The DER of a configured certificate.
    Configured(Vec<u8>),
}

/// Why a file of anchors cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorsError {
    #[error("the trust anchors cannot be read: {0}")]
    Pem(pem::NotACertificate),
    #[error("certificate block {block} of the trust anchors is not one X.509 certificate in DER")]
    NotX509 { block: usize },
}

impl TrustAnchors {
    /// The roots that Mozilla trusts for TLS servers, compiled in.
    pub fn mozilla() -> Self {
        let mut anchors = Self { has_mozilla: true, ..Self::default() };
        for root in webpki_roots::TLS_SERVER_ROOTS {
            let Some(name) = ComparableName::from_content(&root.subject) else { continue };
            anchors.add(Anchor {
                name,
                name_der: der::encode(SEQUENCE, &root.subject),
                spki: der::encode(SEQUENCE, &root.subject_public_key_info),
                name_constraints: root.name_constraints.as_ref().map(|der| der.to_vec()),
                source: Source::Mozilla,
            });
        }
        anchors
    }

    /// Every certificate of a PEM file. A certificate that was named a trust anchor is one, whether
    /// or not it is self-signed (RFC 5280, 6.1.1 d).
    ///
    /// # Errors
    /// Whatever cannot be read, and a file without any certificate: an anchor that is silently left
    /// out would make good chains look untrusted.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, AnchorsError> {
        let text = String::from_utf8_lossy(bytes);
        let ders = pem::certificates(&text).map_err(AnchorsError::Pem)?;
        let mut anchors = Self::default();
        for (position, der) in ders.into_iter().enumerate() {
            let node = Node::read(&der).ok_or(AnchorsError::NotX509 { block: position + 1 })?;
            let (name, spki) = (node.subject.clone(), node.spki().to_vec());
            let name_der = node.x509().subject().as_raw().to_vec();
            let source = Source::Configured(der);
            anchors.add(Anchor { name, name_der, spki, name_constraints: None, source });
        }
        Ok(anchors)
    }

    /// Both; a certificate that is Mozilla's and configured counts as both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.has_mozilla |= other.has_mozilla;
        other.anchors.into_iter().for_each(|anchor| self.add(anchor));
        self
    }

    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// What the anchors are, for `trust`'s detail.
    pub(crate) fn description(&self) -> String {
        let configured = self.anchors.iter().filter(|anchor| !anchor.source.is_mozilla()).count();
        let configured = match configured {
            1 => "1 configured anchor".to_owned(),
            _ => format!("{configured} configured anchors"),
        };
        match (self.has_mozilla, configured.starts_with('0')) {
            (true, true) => format!("Mozilla's list of {MOZILLA_LIST_DATE}"),
            (true, false) => format!("Mozilla's list of {MOZILLA_LIST_DATE} and {configured}"),
            (false, _) => configured,
        }
    }

    pub(crate) fn named(&self, name: &ComparableName) -> impl Iterator<Item = usize> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    /// Whether this very anchor, name and key, is one of Mozilla's.
    pub(crate) fn is_mozillas(&self, position: usize) -> bool {
        let Some(anchor) = self.anchors.get(position) else { return false };
        self.named(&anchor.name)
            .filter_map(|same| self.anchors.get(same))
            .any(|same| same.source.is_mozilla() && same.spki == anchor.spki)
    }

    fn add(&mut self, anchor: Anchor) {
        self.by_name.entry(anchor.name.clone()).or_default().push(self.anchors.len());
        self.anchors.push(anchor);
    }
}

impl Source {
    pub(crate) fn is_mozilla(&self) -> bool {
        matches!(self, Self::Mozilla)
    }
}

impl Anchor {
    /// Its distinguished name, as RFC 4514 writes it.
    pub(crate) fn display_name(&self) -> String {
        X509Name::from_der(&self.name_der)
            .map(|(_, name)| distinguished_name::text(&name))
            .unwrap_or_default()
    }

    /// The anchor's certificate, where it is known.
    pub(crate) fn certificate(&self) -> Option<Node<'_>> {
        match &self.source {
            Source::Mozilla => None,
            Source::Configured(der) => Node::read(der),
        }
    }
}
