use ring::signature::{self as ring_signature, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::key::{self, Key, KeyKind};
use crate::parsed::Parsed;
use crate::signature_algorithm::{Scheme, scheme};

/// The result of verifying one signature with one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SignatureResult {
    Bad,
    Good,
    /// The signature could not be verified, for this reason.
    Unsupported(String),
}

/// Whether `signed` carries a signature by this key. What ring refuses before it computes anything is
/// sorted out first: that a key cannot be used says nothing about the signature.
pub(crate) fn verify_with(
    signed: &Parsed<'_>,
    key: &Key,
    info: &SubjectPublicKeyInfo<'_>,
) -> SignatureResult {
    let signature = &signed.x509.signature_value;
    // RFC 5280, 4.1.1.2: the algorithm inside what is signed must be the one outside.
    if signed.x509.signature != signed.x509.signature_algorithm || signature.unused_bits != 0 {
        return SignatureResult::Bad;
    }
    let scheme = match scheme(&signed.x509.signature_algorithm) {
        Ok(scheme) => scheme,
        Err(name) => return SignatureResult::Unsupported(name),
    };
    if key.kind == KeyKind::Other {
        return SignatureResult::Unsupported(format!("{} key", key.algorithm));
    }
    let Some((algorithm, min_bits)) = algorithm(scheme, key.kind) else {
        return SignatureResult::Bad;
    };
    if let Some(form) = key::unsupported_form(key, info, min_bits) {
        return SignatureResult::Unsupported(form);
    }
    if let Some(result) = restricted(&signed.x509.signature_algorithm, info) {
        return result;
    }
    let public_key = UnparsedPublicKey::new(algorithm, &info.subject_public_key.data);
    match public_key.verify(signed.x509.tbs_certificate.as_ref(), &signature.data) {
        Ok(()) => SignatureResult::Good,
        Err(_) => SignatureResult::Bad,
    }
}

/// RFC 4055, 1.2: a key for PSS only verifies nothing else, and its parameters restrict those of the
/// signature. Parameters that differ may still be within the restriction, which is not looked into.
fn restricted(
    algorithm: &AlgorithmIdentifier<'_>,
    info: &SubjectPublicKeyInfo<'_>,
) -> Option<SignatureResult> {
    if info.algorithm.algorithm.to_id_string() != "1.2.840.113549.1.1.10" {
        return None;
    }
    if algorithm.algorithm != info.algorithm.algorithm {
        return Some(SignatureResult::Bad);
    }
    let differs =
        info.algorithm.parameters.is_some() && info.algorithm.parameters != algorithm.parameters;
    differs.then(|| {
        SignatureResult::Unsupported("RSASSA-PSS key with parameters of its own".to_owned())
    })
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
