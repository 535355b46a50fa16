use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::AlgorithmIdentifier;

use crate::key;

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

/// The scheme of a signature algorithm, or the name of one that cannot be verified.
pub(crate) fn scheme(algorithm: &AlgorithmIdentifier<'_>) -> Result<Scheme, String> {
    let name = name(algorithm);
    Ok(match name.as_str() {
        "ecdsa-with-SHA256" => Scheme::EcdsaSha256,
        "ecdsa-with-SHA384" => Scheme::EcdsaSha384,
        "Ed25519" => Scheme::Ed25519,
        "sha1WithRSAEncryption" => Scheme::Pkcs1Sha1,
        "sha256WithRSAEncryption" => Scheme::Pkcs1Sha256,
        "sha384WithRSAEncryption" => Scheme::Pkcs1Sha384,
        "sha512WithRSAEncryption" => Scheme::Pkcs1Sha512,
        "rsassaPss" => pss(algorithm).ok_or_else(|| format!("{name} with these parameters"))?,
        _ => return Err(name),
    })
}

/// The scheme of RSASSA-PSS parameters. ring requires the same hash throughout and a salt as long
/// as that hash, as do RFC 8446, 4.2.3 and the CA/Browser Forum's Baseline Requirements, 7.1.3.2.1.
fn pss(algorithm: &AlgorithmIdentifier<'_>) -> Option<Scheme> {
    let params = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
    let hash = params.hash_algorithm_oid();
    let (scheme, salt_length) = match hash.to_id_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => (Scheme::PssSha256, 32),
        "2.16.840.1.101.3.4.2.2" => (Scheme::PssSha384, 48),
        "2.16.840.1.101.3.4.2.3" => (Scheme::PssSha512, 64),
        _ => return None,
    };
    let mask = params.mask_gen_algorithm().ok()?;
    let is_supported = mask.mgf.to_id_string() == "1.2.840.113549.1.1.8"
        && mask.hash == *hash
        && params.salt_length() == salt_length
        && params.trailer_field() == 1;
    is_supported.then_some(scheme)
}

/// The name of a signature algorithm in its standard (RFC 4055, RFC 5758, RFC 8410), or the OID.
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
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => key::post_quantum(&oid).unwrap_or(&oid),
    };
    name.to_owned()
}
