use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use x509_parser::asn1_rs::{Any, FromDer, Tag};

use crate::boundary;

/// Less than the base64 length of the smallest key in DER, an Ed25519 key of 48 octets.
const MIN_LETTERS: usize = 60;

/// The PEM label of a private key, if the whole of `text` is a private key in base64: its DER, or
/// once more its PEM. Certificates, requests, public keys and signatures have other structures.
pub(crate) fn label(text: &str) -> Option<&'static str> {
    let octets = decode(text)?;
    let pem = || {
        boundary::boundaries(str::from_utf8(&octets).ok()?)
            .any(|boundary| boundary.is_private_key())
            .then_some("PRIVATE KEY")
    };
    key_type(&octets).or_else(pem)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() < MIN_LETTERS || !text.chars().all(is_base64) {
        return None;
    }
    let letters: String = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=').collect();
    let encoding: &Encoding =
        if letters.contains(['-', '_']) { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    encoding.decode(letters.as_bytes()).ok()
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, '+' | '/' | '-' | '_' | '=')
}

/// Recognises a key by the first two members of its sequence: RFC 5958, 2 and 3; RFC 8017, A.1.2;
/// RFC 5915, 3. OpenSSL's DSA key begins like the RSA key.
fn key_type(der: &[u8]) -> Option<&'static str> {
    let (rest, key) = Any::from_der(der).ok()?;
    if !rest.is_empty() || key.tag() != Tag::Sequence {
        return None;
    }
    let (rest, first) = Any::from_der(key.data).ok()?;
    let (_, second) = Any::from_der(rest).ok()?;
    match (first.tag(), first.data, second.tag()) {
        (Tag::Integer, [0 | 1], Tag::Sequence) if is_algorithm_identifier(second.data) => {
            Some("PRIVATE KEY")
        }
        (Tag::Integer, [0], Tag::Integer) => Some("RSA PRIVATE KEY"),
        (Tag::Integer, [1], Tag::OctetString) => Some("EC PRIVATE KEY"),
        (Tag::Sequence, algorithm, Tag::OctetString) if is_password_based(algorithm) => {
            Some("ENCRYPTED PRIVATE KEY")
        }
        _ => None,
    }
}

fn is_algorithm_identifier(members: &[u8]) -> bool {
    matches!(Any::from_der(members), Ok((_, first)) if first.tag() == Tag::Oid)
}

/// Whether the algorithm is of PKCS #5 (1.2.840.113549.1.5) or PKCS #12 (1.2.840.113549.1.12).
fn is_password_based(members: &[u8]) -> bool {
    const PKCS: [u8; 7] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01];
    let Ok((_, oid)) = Any::from_der(members) else {
        return false;
    };
    oid.tag() == Tag::Oid && matches!(oid.data.strip_prefix(&PKCS), Some([5 | 12, ..]))
}
