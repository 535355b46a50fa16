use ring::signature::{self as ring_signature, UnparsedPublicKey, VerificationAlgorithm};

use crate::key::KeyKind;
use crate::parsed::Parsed;
use crate::signature_algorithm::{Scheme, scheme};

/// The result of verifying one signature with one key.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum SignatureResult {
    Bad,
    Good,
    /// The signature could not be verified, for this reason.
    Unsupported(String),
}

/// Verifies the signature of `signed` with the key in `signer`.
pub(crate) fn verify(signed: &Parsed<'_>, signer: &Parsed<'_>) -> SignatureResult {
    // RFC 5280, 4.1.1.2: the algorithm in the signed part must be the same as the one outside of it.
    if signed.issuer != signer.subject || signed.x509.signature != signed.x509.signature_algorithm {
        return SignatureResult::Bad;
    }
    let scheme = match scheme(&signed.x509.signature_algorithm) {
        Ok(scheme) => scheme,
        Err(name) => return SignatureResult::Unsupported(name),
    };
    if signer.key.kind == KeyKind::Other {
        return SignatureResult::Unsupported(format!("{} key", signer.key.algorithm));
    }
    let Some((algorithm, min_bits)) = algorithm(scheme, signer.key.kind) else {
        return SignatureResult::Bad;
    };
    let bits = signer.key.bits.unwrap_or_default();
    if signer.key.kind == KeyKind::Rsa && !(min_bits..=8192).contains(&bits) {
        return SignatureResult::Unsupported(format!("RSA key of {bits} bits"));
    }
    let key = UnparsedPublicKey::new(algorithm, &signer.x509.public_key().subject_public_key.data);
    match key.verify(signed.x509.tbs_certificate.as_ref(), &signed.x509.signature_value.data) {
        Ok(()) => SignatureResult::Good,
        Err(_) => SignatureResult::Bad,
    }
}

/// ring's algorithm for this kind of key, and the minimum number of RSA bits. It is as low as ring
/// allows, since a check of its own reports weak keys.
fn algorithm(scheme: Scheme, kind: KeyKind) -> Option<(&'static dyn VerificationAlgorithm, u32)> {
    Some(match (scheme, kind) {
        (Scheme::EcdsaSha256, KeyKind::P256) => (&ring_signature::ECDSA_P256_SHA256_ASN1, 0),
        (Scheme::EcdsaSha256, KeyKind::P384) => (&ring_signature::ECDSA_P384_SHA256_ASN1, 0),
        (Scheme::EcdsaSha384, KeyKind::P256) => (&ring_signature::ECDSA_P256_SHA384_ASN1, 0),
        (Scheme::EcdsaSha384, KeyKind::P384) => (&ring_signature::ECDSA_P384_SHA384_ASN1, 0),
        (Scheme::Ed25519, KeyKind::Ed25519) => (&ring_signature::ED25519, 0),
        (Scheme::Pkcs1Sha1, KeyKind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::Pkcs1Sha256, KeyKind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::Pkcs1Sha384, KeyKind::Rsa) => (&ring_signature::RSA_PKCS1_2048_8192_SHA384, 2048),
        (Scheme::Pkcs1Sha512, KeyKind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::PssSha256, KeyKind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA256, 2048),
        (Scheme::PssSha384, KeyKind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA384, 2048),
        (Scheme::PssSha512, KeyKind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA512, 2048),
        _ => return None,
    })
}
