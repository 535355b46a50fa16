use ring::signature::{self as ring_signature, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::key::{self, Key, Kind};
use crate::parsed::Parsed;

/// What came of verifying one signature with one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SignatureResult {
    Bad,
    Good,
    /// Not verified, and why not.
    Unsupported(String),
}

/// A signature algorithm that can be verified with the right key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    EcdsaSha256,
    EcdsaSha384,
    Ed25519,
    Pkcs1Sha1,
    Pkcs1Sha256,
    Pkcs1Sha384,
    Pkcs1Sha512,
    PssSha256,
    PssSha384,
    PssSha512,
}

/// Whether `signed` carries a signature by the key in `signer`, which is called its issuer.
pub(crate) fn verify(signed: &Parsed<'_>, signer: &Parsed<'_>) -> SignatureResult {
    if signed.issuer != signer.subject {
        return SignatureResult::Bad;
    }
    verify_with(signed, &signer.key, signer.x509.public_key())
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
    if key.kind == Kind::Other {
        return SignatureResult::Unsupported(format!("{} key", key.algorithm));
    }
    let Some((algorithm, least_bits)) = algorithm(scheme, key.kind) else {
        return SignatureResult::Bad;
    };
    if let Some(form) = key::unsupported_form(key, info, least_bits) {
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

/// The scheme, or the name of one that cannot be verified.
pub(crate) fn scheme(algorithm: &AlgorithmIdentifier<'_>) -> Result<Scheme, String> {
    let name = name(algorithm);
    Ok(match name.as_str() {
        "ecdsa-with-SHA256" => Scheme::EcdsaSha256,
        "ecdsa-with-SHA384" => Scheme::EcdsaSha384,
        "ED25519" => Scheme::Ed25519,
        "sha1WithRSAEncryption" => Scheme::Pkcs1Sha1,
        "sha256WithRSAEncryption" => Scheme::Pkcs1Sha256,
        "sha384WithRSAEncryption" => Scheme::Pkcs1Sha384,
        "sha512WithRSAEncryption" => Scheme::Pkcs1Sha512,
        "rsassaPss" => pss(algorithm).ok_or_else(|| format!("{name} with these parameters"))?,
        _ => return Err(name),
    })
}

/// ring verifies PSS with one hash throughout and a salt as long as that hash, as RFC 8446, 4.2.3 and
/// the CA/Browser Forum's Baseline Requirements, 7.1.3.2.1 have it.
fn pss(algorithm: &AlgorithmIdentifier<'_>) -> Option<Scheme> {
    let params = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
    let hash = params.hash_algorithm_oid();
    let (scheme, length) = match hash.to_id_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => (Scheme::PssSha256, 32),
        "2.16.840.1.101.3.4.2.2" => (Scheme::PssSha384, 48),
        "2.16.840.1.101.3.4.2.3" => (Scheme::PssSha512, 64),
        _ => return None,
    };
    let mask = params.mask_gen_algorithm().ok()?;
    let usual = mask.mgf.to_id_string() == "1.2.840.113549.1.1.8"
        && mask.hash == *hash
        && params.salt_length() == length
        && params.trailer_field() == 1;
    usual.then_some(scheme)
}

/// Which algorithm of ring it is with this kind of key, and the fewest RSA bits that it takes: as few
/// as ring allows, since weak keys are reported by a check of their own.
fn algorithm(scheme: Scheme, kind: Kind) -> Option<(&'static dyn VerificationAlgorithm, u32)> {
    Some(match (scheme, kind) {
        (Scheme::EcdsaSha256, Kind::P256) => (&ring_signature::ECDSA_P256_SHA256_ASN1, 0),
        (Scheme::EcdsaSha256, Kind::P384) => (&ring_signature::ECDSA_P384_SHA256_ASN1, 0),
        (Scheme::EcdsaSha384, Kind::P256) => (&ring_signature::ECDSA_P256_SHA384_ASN1, 0),
        (Scheme::EcdsaSha384, Kind::P384) => (&ring_signature::ECDSA_P384_SHA384_ASN1, 0),
        (Scheme::Ed25519, Kind::Ed25519) => (&ring_signature::ED25519, 0),
        (Scheme::Pkcs1Sha1, Kind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::Pkcs1Sha256, Kind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::Pkcs1Sha384, Kind::Rsa) => (&ring_signature::RSA_PKCS1_2048_8192_SHA384, 2048),
        (Scheme::Pkcs1Sha512, Kind::Rsa) => {
            (&ring_signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, 1024)
        }
        (Scheme::PssSha256, Kind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA256, 2048),
        (Scheme::PssSha384, Kind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA384, 2048),
        (Scheme::PssSha512, Kind::Rsa) => (&ring_signature::RSA_PSS_2048_8192_SHA512, 2048),
        _ => return None,
    })
}

/// The name of a signature algorithm as its standard writes it (RFC 4055, RFC 5758, RFC 8410), or the
/// OID.
pub(crate) fn name(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = algorithm.algorithm.to_id_string();
    let name = match oid.as_str() {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        _ => return key::post_quantum(&oid).map_or(oid.clone(), str::to_owned),
    };
    name.to_owned()
}
