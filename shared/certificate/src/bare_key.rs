use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER_PERMISSIVE};

use crate::boundary;

/// Less than the base64 length of the smallest key in DER, an Ed25519 key of 48 octets.
const MIN_LETTERS: usize = 60;

/// The PEM label of a private key, if the whole of `text` is a private key in base64 or hexadecimal: its
/// DER, or once more its PEM. Certificates, requests, public keys and signatures have other structures.
pub(crate) fn label(text: &str) -> Option<&'static str> {
    if text.len() < MIN_LETTERS || !text.chars().all(is_base64) {
        return None;
    }
    let letters: String = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=').collect();
    let hexadecimal = || key_type(&HEXLOWER_PERMISSIVE.decode(letters.as_bytes()).ok()?);
    base64_label(&letters).or_else(hexadecimal)
}

/// The private keys within a text: each word that is one, or the lines that are one together.
pub(crate) fn within(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut found = Vec::new();
    for lines in words(text, 0, |c| is_base64(c) && !matches!(c, ' ' | '\t' | '=')) {
        match label(&text[lines.clone()]) {
            Some(label) => found.push((lines, label)),
            None => {
                let each = words(&text[lines.clone()], lines.start, |c| !c.is_ascii_whitespace());
                found.extend(each.filter_map(|line| Some((line.clone(), label(&text[line])?))));
            }
        }
    }
    for (span, _) in &mut found {
        let after = &text[span.end..];
        span.end += after.len() - after.trim_start_matches('=').len();
    }
    found
}

/// The ranges of long words, without what may stand around them. `offset` is where `text` begins.
fn words(
    text: &str,
    offset: usize,
    belongs: fn(char) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let around = |c: char| matches!(c, '-' | '_') || c.is_ascii_whitespace();
    let words = text.split(move |c| !belongs(c)).filter(|word| word.len() >= MIN_LETTERS);
    words.map(move |word| {
        let trimmed = word.trim_start_matches(around);
        let start = trimmed.as_ptr().addr() - text.as_ptr().addr() + offset;
        start..start + trimmed.trim_end_matches(around).len()
    })
}

/// Whether a text may be a line of a key in base64.
pub(crate) fn is_line(text: &str) -> bool {
    text.chars().all(is_base64)
}

fn base64_label(letters: &str) -> Option<&'static str> {
    let encoding: &Encoding =
        if letters.contains(['-', '_']) { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    let octets = encoding.decode(letters.as_bytes()).ok()?;
    let pem = || {
        boundary::boundaries(str::from_utf8(&octets).ok()?)
            .any(|boundary| boundary.is_private_key())
            .then_some("PRIVATE KEY")
    };
    key_type(&octets).or_else(pem)
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, '+' | '/' | '-' | '_' | '=')
}

/// Recognises a key by the first two members of its sequence: RFC 5958, 2 and 3; RFC 8017, A.1.2;
/// RFC 5915, 3. OpenSSL's DSA key begins like the RSA key. A container of PKCS #12 (RFC 7292, 4) counts as the
/// key that it is made for.
fn key_type(der: &[u8]) -> Option<&'static str> {
    let (SEQUENCE, members, []) = element(der)? else { return None };
    let (first, content, rest) = element(members)?;
    let (second, second_content, _) = element(rest)?;
    match (first, content, second) {
        (INTEGER, [0 | 1], SEQUENCE) if is_algorithm_identifier(second_content) => {
            Some("PRIVATE KEY")
        }
        (INTEGER, [0], INTEGER) => Some("RSA PRIVATE KEY"),
        (INTEGER, [1], OCTET_STRING) => Some("EC PRIVATE KEY"),
        (INTEGER, [3], SEQUENCE) if is_algorithm_identifier(second_content) => Some("PKCS #12"),
        (SEQUENCE, algorithm, OCTET_STRING) if is_password_based(algorithm) => {
            Some("ENCRYPTED PRIVATE KEY")
        }
        _ => None,
    }
}

fn is_algorithm_identifier(members: &[u8]) -> bool {
    matches!(element(members), Some((OBJECT_IDENTIFIER, ..)))
}

/// Whether the algorithm is of PKCS #5 (1.2.840.113549.1.5) or PKCS #12 (1.2.840.113549.1.12).
fn is_password_based(members: &[u8]) -> bool {
    const PKCS: [u8; 7] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01];
    let Some((OBJECT_IDENTIFIER, oid, _)) = element(members) else { return false };
    matches!(oid.strip_prefix(&PKCS), Some([5 | 12, ..]))
}

/// Identifier octets (X.690, 8.1.2).
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The identifier octet and the content of the first element in DER, and what follows it (X.690,
/// 8.1.3). An X.509 parser would do the same, but a webhook function links none.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (octets, rest) = rest.split_at_checked(long - 0x80).filter(|_| long <= 0x84)?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
