use x509_parser::asn1_rs::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::der;

/// What the checks need of a public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    pub(crate) kind: KeyKind,
    /// `RSA`, `EC P-256`, `Ed25519` and so on, or the OID of another algorithm.
    pub(crate) algorithm: String,
    /// `None` when it is not known.
    pub(crate) bits: Option<u32>,
    /// Whether it is one of FIPS 203, 204 or 205, and as long as they say.
    pub(crate) is_post_quantum: bool,
}

impl Key {
    /// Nothing is known of the strength of a key that has another length, in octets.
    fn of_length(self, spki: &SubjectPublicKeyInfo<'_>, lengths: &[usize]) -> Self {
        let is_whole = lengths.contains(&spki.subject_public_key.data.len());
        Self { bits: self.bits.filter(|_| is_whole), ..self }
    }

    fn post_quantum(self, spki: &SubjectPublicKeyInfo<'_>, length: usize) -> Self {
        Self { is_post_quantum: spki.subject_public_key.data.len() == length, ..self }
    }
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
            is_post_quantum: false,
        },
        "1.2.840.10045.2.1" => elliptic(spki),
        "1.2.840.10040.4.1" => named("DSA"),
        "1.3.101.110" => known(KeyKind::Other, "X25519", 256).of_length(spki, &[32]),
        "1.3.101.111" => known(KeyKind::Other, "X448", 448).of_length(spki, &[56]),
        "1.3.101.112" => known(KeyKind::Ed25519, "Ed25519", 256).of_length(spki, &[32]),
        "1.3.101.113" => known(KeyKind::Other, "Ed448", 456).of_length(spki, &[57]),
        // FIPS 203; identifiers by RFC 9935.
        "2.16.840.1.101.3.4.4.1" => named("ML-KEM-512").post_quantum(spki, 800),
        "2.16.840.1.101.3.4.4.2" => named("ML-KEM-768").post_quantum(spki, 1184),
        "2.16.840.1.101.3.4.4.3" => named("ML-KEM-1024").post_quantum(spki, 1568),
        oid => match post_quantum(oid) {
            Some(name) => named(name).post_quantum(spki, post_quantum_length(name)),
            None => named(oid),
        },
    }
}

/// Octets of a public key: FIPS 204, table 2; FIPS 205, table 2 (two values of as many bits as the name has).
fn post_quantum_length(name: &str) -> usize {
    [("ML-DSA-44", 1312), ("ML-DSA-65", 1952), ("ML-DSA-87", 2592), ("-128", 32), ("-192", 48)]
        .into_iter()
        .find_map(|(part, length)| name.contains(part).then_some(length))
        .unwrap_or(64)
}

/// FIPS 204 and FIPS 205; identifiers by RFC 9881 and RFC 9909 (2.16.840.1.101.3.4.3).
pub(crate) fn post_quantum(oid: &str) -> Option<&'static str> {
    const NAMES: [&str; 30] = [
        "ML-DSA-44",
        "ML-DSA-65",
        "ML-DSA-87",
        "SLH-DSA-SHA2-128s",
        "SLH-DSA-SHA2-128f",
        "SLH-DSA-SHA2-192s",
        "SLH-DSA-SHA2-192f",
        "SLH-DSA-SHA2-256s",
        "SLH-DSA-SHA2-256f",
        "SLH-DSA-SHAKE-128s",
        "SLH-DSA-SHAKE-128f",
        "SLH-DSA-SHAKE-192s",
        "SLH-DSA-SHAKE-192f",
        "SLH-DSA-SHAKE-256s",
        "SLH-DSA-SHAKE-256f",
        "HashML-DSA-44-with-SHA512",
        "HashML-DSA-65-with-SHA512",
        "HashML-DSA-87-with-SHA512",
        "HashSLH-DSA-SHA2-128s-with-SHA256",
        "HashSLH-DSA-SHA2-128f-with-SHA256",
        "HashSLH-DSA-SHA2-192s-with-SHA512",
        "HashSLH-DSA-SHA2-192f-with-SHA512",
        "HashSLH-DSA-SHA2-256s-with-SHA512",
        "HashSLH-DSA-SHA2-256f-with-SHA512",
        "HashSLH-DSA-SHAKE-128s-with-SHAKE128",
        "HashSLH-DSA-SHAKE-128f-with-SHAKE128",
        "HashSLH-DSA-SHAKE-192s-with-SHAKE256",
        "HashSLH-DSA-SHAKE-192f-with-SHAKE256",
        "HashSLH-DSA-SHAKE-256s-with-SHAKE256",
        "HashSLH-DSA-SHAKE-256f-with-SHAKE256",
    ];
    const FIRST: usize = 17;
    let arc: usize = oid.strip_prefix("2.16.840.1.101.3.4.3.")?.parse().ok()?;
    NAMES.get(arc.checked_sub(FIRST)?).copied()
}

/// What ring does not take, in words: a point that is not given in full, and an RSA key outside of what
/// it allows or encoded in another way than DER. `None` for a key that it works with.
pub(crate) fn unsupported_form(
    key: &Key,
    info: &SubjectPublicKeyInfo<'_>,
    least_bits: u32,
) -> Option<String> {
    let data = &info.subject_public_key.data;
    match key.kind {
        // SEC 1, 2.3.3: 02 and 03 begin a compressed point, 06 and 07 a hybrid one.
        KeyKind::P256 | KeyKind::P384 => match data.first() {
            Some(2 | 3) => Some(format!("{} key as a compressed point", key.algorithm)),
            Some(6 | 7) => Some(format!("{} key as a hybrid point", key.algorithm)),
            _ => None,
        },
        KeyKind::Rsa => unsupported_rsa(key, data, least_bits),
        KeyKind::Ed25519 | KeyKind::Other => None,
    }
}

/// ring: an odd exponent of 3 to 33 bits, an odd modulus of at most 8192 bits.
fn unsupported_rsa(key: &Key, data: &[u8], least_bits: u32) -> Option<String> {
    let bits = key.bits.unwrap_or_default();
    if !(least_bits..=8192).contains(&bits) {
        return Some(format!("RSA key of {bits} bits"));
    }
    let members = der::content(data, der::SEQUENCE).and_then(der::elements)?;
    let [modulus, exponent] = members.as_slice() else {
        return Some("RSA key that is not encoded as RFC 8017 has it".to_owned());
    };
    let negative = |integer: &[u8]| integer.first().is_some_and(|first| first & 0x80 != 0);
    if negative(modulus.content) || negative(exponent.content) {
        return Some("RSA key with a negative number".to_owned());
    }
    if modulus.content.last().is_some_and(|last| last & 1 == 0) {
        return Some("RSA key with an even modulus".to_owned());
    }
    let significant = exponent.content.iter().position(|octet| *octet != 0)?;
    let exponent = exponent.content.get(significant..).unwrap_or_default();
    match exponent {
        [1 | 2] => Some("RSA key with an exponent below 3".to_owned()),
        [.., last] if last & 1 == 0 => Some("RSA key with an even exponent".to_owned()),
        [first, _, _, _, _] if *first > 1 => Some("RSA key with a large exponent".to_owned()),
        [_, _, _, _, _, _, ..] => Some("RSA key with a large exponent".to_owned()),
        _ => None,
    }
}

fn elliptic(spki: &SubjectPublicKeyInfo<'_>) -> Key {
    let curve = spki.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let curve =
        curve.map_or_else(|| "with explicit parameters".to_owned(), |oid| oid.to_id_string());
    let key = match curve.as_str() {
        "1.2.840.10045.3.1.7" => known(KeyKind::P256, "EC P-256", 256),
        "1.3.132.0.34" => known(KeyKind::P384, "EC P-384", 384),
        "1.3.132.0.35" => known(KeyKind::Other, "EC P-521", 521),
        "1.3.132.0.33" => known(KeyKind::Other, "EC P-224", 224),
        "1.2.840.10045.3.1.1" => known(KeyKind::Other, "EC P-192", 192),
        "1.3.132.0.10" => known(KeyKind::Other, "EC secp256k1", 256),
        // RFC 5639, 4.1.
        "1.3.36.3.3.2.8.1.1.7" => known(KeyKind::Other, "EC brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.11" => known(KeyKind::Other, "EC brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.13" => known(KeyKind::Other, "EC brainpoolP512r1", 512),
        _ => named(&format!("EC {curve}")),
    };
    // SEC 1, 2.3.3: a point in full or compressed.
    let octets = key.bits.unwrap_or_default().div_ceil(8) as usize;
    key.of_length(spki, &[1 + 2 * octets, 1 + octets])
}

/// A key of which only the algorithm's name is known.
fn named(algorithm: &str) -> Key {
    Key {
        kind: KeyKind::Other,
        algorithm: algorithm.to_owned(),
        bits: None,
        is_post_quantum: false,
    }
}

fn known(kind: KeyKind, algorithm: &str, bits: u32) -> Key {
    Key { kind, bits: Some(bits), ..named(algorithm) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = match (high, low) {
            (0, ..0x80) => vec![low],
            (0, _) => vec![0x81, low],
            _ => vec![0x82, high, low],
        };
        [&[tag][..], &length, content].concat()
    }

    /// The key of an algorithm, with parameters where it has some.
    fn read_key(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Key {
        let algorithm = der(0x30, &[&der(6, algorithm)[..], parameters].concat());
        let bits = der(3, &[&[0][..], key].concat());
        let spki = der(0x30, &[algorithm, bits].concat());
        read(&SubjectPublicKeyInfo::from_der(&spki).unwrap().1)
    }

    #[test]
    fn a_key_of_another_length_has_no_strength() {
        let nist = |set, number| vec![0x60, 0x86, 0x48, 1, 0x65, 3, 4, set, number];
        for (algorithm, name, length) in [
            (nist(3, 0x11), "ML-DSA-44", 1312),
            (nist(3, 0x12), "ML-DSA-65", 1952),
            (nist(3, 0x13), "ML-DSA-87", 2592),
            (nist(3, 0x22), "HashML-DSA-87-with-SHA512", 2592),
            (nist(3, 0x14), "SLH-DSA-SHA2-128s", 32),
            (nist(3, 0x17), "SLH-DSA-SHA2-192f", 48),
            (nist(3, 0x1F), "SLH-DSA-SHAKE-256f", 64),
            (nist(4, 1), "ML-KEM-512", 800),
            (nist(4, 2), "ML-KEM-768", 1184),
            (nist(4, 3), "ML-KEM-1024", 1568),
        ] {
            for (octets, expected) in
                [(length, true), (length - 1, false), (length + 1, false), (0, false)]
            {
                let key = read_key(&algorithm, &[], &vec![1; octets]);
                assert_eq!((key.algorithm.as_str(), key.is_post_quantum), (name, expected));
            }
        }
        for (number, length, bits) in
            [(110, 32, 256), (111, 56, 448), (112, 32, 256), (113, 57, 456)]
        {
            let read = |octets| read_key(&[0x2B, 0x65, number], &[], &vec![1; octets]).bits;
            assert_eq!((read(length), read(length + 1)), (Some(bits), None), "{number}");
        }
        let p256 = der(6, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]);
        let read =
            |octets| read_key(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1], &p256, &vec![4; octets]).bits;
        assert_eq!([read(65), read(33), read(64), read(1)], [Some(256), Some(256), None, None]);
    }
}
