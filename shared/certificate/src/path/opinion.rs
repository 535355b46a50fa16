use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime,
};
use time::OffsetDateTime;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::anchors::{Anchor, Source};
use super::node::Node;
use super::purpose::Purpose;

/// What rustls-webpki says of a path that the rules here found valid.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Opinion {
    Valid,
    /// It refuses the path for a reason that it is good at.
    Invalid(String),
    /// It refuses what it does not support, which says nothing about the path.
    Abstains,
}

/// A second opinion on one path: leaf, exactly these intermediates, this anchor. It can only take an `ok`
/// back: two implementations that do not agree leave the question open.
pub(crate) fn opinion(
    path: &[&Node<'_>],
    anchor: Option<&Anchor>,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Opinion {
    let Some((leaf, issuers)) = path.split_first() else { return Opinion::Abstains };
    // Without an anchor of its own the path ends at a self-signed certificate of the bundle.
    let (intermediates, root) = match anchor {
        Some(_) => (issuers, None),
        None => match issuers.split_last() {
            Some((root, intermediates)) => (intermediates, Some(root.parsed.der)),
            None => return Opinion::Abstains,
        },
    };
    let leaf = CertificateDer::from(leaf.parsed.der);
    let Ok(leaf) = EndEntityCert::try_from(&leaf) else { return Opinion::Abstains };
    let intermediates: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|node| CertificateDer::from(node.parsed.der)).collect();
    let root = match (anchor.map(|anchor| &anchor.source), root) {
        (Some(Source::Configured(der)), _) => Some(der.as_slice()),
        (_, root) => root,
    };
    let root = root.map(CertificateDer::from);
    let trust_anchor = match (&root, anchor) {
        (Some(root), _) => anchor_from_trusted_cert(root).ok(),
        (None, Some(anchor)) => mozillas(anchor),
        (None, None) => None,
    };
    let Some(trust_anchor) = trust_anchor else { return Opinion::Abstains };
    let trust_anchors = [trust_anchor];
    let algorithms: Vec<_> = ALL_VERIFICATION_ALGS.iter().map(|it| VerifiedBefore(*it)).collect();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
        algorithms.iter().map(|it| it as _).collect();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let result = leaf.verify_for_usage(
        &algorithms,
        &trust_anchors,
        &intermediates,
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
        usage(purpose),
        None,
        None,
    );
    match result {
        Ok(_) => Opinion::Valid,
        Err(error) if is_judgement(&error, issuers) => Opinion::Invalid(format!("{error:?}")),
        Err(_) => Opinion::Abstains,
    }
}

/// An algorithm whose signatures are not computed again: the search has verified each link of the path by
/// ring, and a signature is half of what a chain costs.
#[derive(Debug)]
struct VerifiedBefore(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for VerifiedBefore {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

fn mozillas(anchor: &Anchor) -> Option<TrustAnchor<'static>> {
    webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .find(|root| {
            anchor.spki.ends_with(&root.subject_public_key_info)
                && anchor.name_constraints.as_deref() == root.name_constraints.as_deref()
        })
        .cloned()
}

fn usage(purpose: Purpose) -> KeyUsage {
    // 1.3.6.1.5.5.7.3.4 and .3
    match purpose {
        Purpose::Server => KeyUsage::server_auth(),
        Purpose::Client => KeyUsage::client_auth(),
        Purpose::Email => KeyUsage::required_if_present(&[0x2B, 6, 1, 5, 5, 7, 3, 4]),
        Purpose::Code => KeyUsage::required_if_present(&[0x2B, 6, 1, 5, 5, 7, 3, 3]),
    }
}

/// What rustls-webpki means when it says so. Not among them: name constraints (it refuses every path with
/// those of directory names, mailboxes and URIs), extended key usage (`any` is refused), an unknown issuer
/// (names are compared octet by octet), the path length where self-issued certificates do not count, a
/// CA certificate as the leaf, its own limits, and all that it does not parse or support.
fn is_judgement(error: &Error, issuers: &[&Node<'_>]) -> bool {
    match error {
        Error::PathLenConstraintViolated => !issuers.iter().any(|node| node.is_self_issued()),
        Error::CertExpired { .. }
        | Error::CertNotValidYet { .. }
        | Error::EndEntityUsedAsCa
        | Error::SignatureAlgorithmMismatch
        | Error::UnsupportedCriticalExtension => true,
        _ => false,
    }
}
