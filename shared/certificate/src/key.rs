use x509_parser::asn1_rs::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// What the checks need of a public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    pub(crate) kind: KeyKind,
    /// `RSA`, `EC P-256`, `Ed25519` and so on, or the OID of another algorithm.
    pub(crate) algorithm: String,
    /// `None` when it is not known.
    pub(crate) bits: Option<u32>,
}

/// Kinds of keys with which signatures can be verified, and `Other`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyKind {
    Ed25519,
    Other,
    P256,
    P384,
    Rsa,
}

/// Algorithms: RFC 3279, 2.3; RFC 4055, 1.2 (a key for PSS only); RFC 5480, 2.1.1.1; RFC 8410, 3.
pub(crate) fn read(spki: &SubjectPublicKeyInfo<'_>) -> Key {
    let algorithm = spki.algorithm.algorithm.to_id_string();
    match algorithm.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => Key {
            kind: KeyKind::Rsa,
            algorithm: "RSA".to_owned(),
            bits: modulus_bits(&spki.subject_public_key.data),
        },
        "1.2.840.10045.2.1" => elliptic(spki),
        "1.3.101.112" => known(KeyKind::Ed25519, "Ed25519", 256),
        "1.3.101.113" => known(KeyKind::Other, "Ed448", 456),
        _ => Key { kind: KeyKind::Other, algorithm, bits: None },
    }
}

fn elliptic(spki: &SubjectPublicKeyInfo<'_>) -> Key {
    let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let curve =
        curve.map_or_else(|| "with explicit parameters".to_owned(), |oid| oid.to_id_string());
    match curve.as_str() {
        "1.2.840.10045.3.1.7" => known(KeyKind::P256, "EC P-256", 256),
        "1.3.132.0.34" => known(KeyKind::P384, "EC P-384", 384),
        "1.3.132.0.35" => known(KeyKind::Other, "EC P-521", 521),
        "1.3.132.0.33" => known(KeyKind::Other, "EC P-224", 224),
        "1.2.840.10045.3.1.1" => known(KeyKind::Other, "EC P-192", 192),
        "1.3.132.0.10" => known(KeyKind::Other, "EC secp256k1", 256),
        _ => Key { kind: KeyKind::Other, algorithm: format!("EC {curve}"), bits: None },
    }
}

fn known(kind: KeyKind, algorithm: &str, bits: u32) -> Key {
    Key { kind, algorithm: algorithm.to_owned(), bits: Some(bits) }
}

/// Counted here because `RSAPublicKey::key_size` counts whole octets, and returns 0 for a modulus
/// without a sign octet.
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let (_, key) = RSAPublicKey::from_der(key).ok()?;
    let first = key.modulus.iter().position(|octet| *octet != 0)?;
    let significant = key.modulus.get(first..)?;
    let bits = u32::try_from(significant.len()).ok()?.checked_mul(8)?;
    Some(bits - significant.first()?.leading_zeros())
}
