use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding};

use crate::boundary;
use crate::key_numbers;

/// A private key without boundaries.
pub(crate) struct BareKey {
    pub(crate) span: Range<usize>,
    pub(crate) label: &'static str,
    /// How many of its letters are missing because the text ends.
    pub(crate) missing: usize,
}

/// The private keys in a text that are spelled in base64 or hexadecimal: DER, OpenSSH's format, or once
/// more a text with a key. Certificates, requests, public keys and signatures have other structures.
pub(crate) fn within(text: &str) -> Vec<BareKey> {
    let mut keys = Vec::new();
    let mut from = 0;
    while let Some(key) = first(text, from) {
        from = key.span.end;
        keys.push(key);
    }
    keys.extend(texts_with_a_key(text));
    keys
}

/// Whether a text may be a line of a key in base64, or in hexadecimal with colons.
pub(crate) fn is_line(text: &str) -> bool {
    let is_colons = |c: char| c.is_ascii_hexdigit() || c.is_ascii_whitespace() || c == ':';
    text.chars().all(is_base64) || text.chars().all(is_colons)
}

pub(crate) fn letters(text: &str) -> usize {
    let is_letter = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b':');
    text.bytes().filter(is_letter).count()
}

pub(crate) fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, '+' | '/' | '-' | '_' | '=')
}

/// A key may begin at any letter (after `\n` or `%0A` that nobody decoded, too), so few are tried:
/// those that may spell the first octets of a sequence, or `o` of `openssh-key-v1`.
fn first(text: &str, from: usize) -> Option<BareKey> {
    let pairs = text.as_bytes().get(from..)?.windows(2).enumerate();
    pairs.into_iter().find_map(|(offset, pair)| {
        let alphabet = match pair {
            [b'M', b'A'..=b'P' | b' '] | [b'b', b'3'] => Alphabet::Base64,
            [b'3', b'0'] | [b'6', b'F' | b'f'] => Alphabet::Hexadecimal,
            _ => return None,
        };
        key_at(text, from + offset, alphabet)
    })
}

/// Less letters than the part of a key has with which another system begins a list of its lines.
const MIN_LETTERS: usize = 32;

fn key_at(text: &str, start: usize, alphabet: Alphabet) -> Option<BareKey> {
    let mut octets =
        Octets { text: text.as_bytes(), at: start, alphabet, bits: 0, held: 0, count: 0 };
    let (label, length) = octets.key()?;
    octets.skip_to(length);
    let letters = alphabet.letters(octets.count);
    if letters < MIN_LETTERS {
        return None;
    }
    let after = text.get(octets.at..)?;
    let padding = padding(after);
    let ends = after.chars().all(|c| matches!(c, '=' | ':') || c.is_ascii_whitespace());
    let missing = if ends { alphabet.letters(length).saturating_sub(letters) } else { 0 };
    Some(BareKey { span: start..octets.at + padding, label, missing })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Alphabet {
    Base64,
    Hexadecimal,
}

impl Alphabet {
    fn bits(self) -> u32 {
        match self {
            Self::Base64 => 6,
            Self::Hexadecimal => 4,
        }
    }

    /// How many letters spell so many octets.
    fn letters(self, octets: usize) -> usize {
        match self {
            Self::Base64 => octets.saturating_mul(4).div_ceil(3),
            Self::Hexadecimal => octets.saturating_mul(2),
        }
    }

    fn value(self, letter: u8) -> Option<u32> {
        let value = match (self, letter) {
            (Self::Hexadecimal, _) => return char::from(letter).to_digit(16),
            (Self::Base64, b'A'..=b'Z') => letter - b'A',
            (Self::Base64, b'a'..=b'z') => letter - b'a' + 26,
            (Self::Base64, b'0'..=b'9') => letter - b'0' + 52,
            (Self::Base64, b'+' | b'-') => 62,
            (Self::Base64, b'/' | b'_') => 63,
            _ => return None,
        };
        Some(u32::from(value))
    }
}

/// The octets that letters spell from a place on. They are decoded one by one: of nearly every text that
/// begins like a key, the first few tell that it is none.
struct Octets<'a> {
    text: &'a [u8],
    /// After the last letter that was read.
    at: usize,
    alphabet: Alphabet,
    /// What the letters so far hold beyond whole octets, and how many bits that is.
    bits: u32,
    held: u32,
    /// How many octets were read.
    count: usize,
}

impl Iterator for Octets<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        while self.held < u8::BITS {
            self.bits = self.bits << self.alphabet.bits() | self.letter()?;
            self.held += self.alphabet.bits();
        }
        self.held -= u8::BITS;
        self.count += 1;
        let octet = self.bits >> self.held;
        self.bits &= (1 << self.held) - 1;
        u8::try_from(octet).ok()
    }
}

impl Octets<'_> {
    /// The next letter, after what a line break, an indentation or a list puts between two letters, also
    /// within another string, and in hexadecimal as `30:82`, `30-82` or `0x30, 0x82`.
    fn letter(&mut self) -> Option<u32> {
        const MAX_BETWEEN: usize = 64;
        let is_hexadecimal = self.alphabet == Alphabet::Hexadecimal;
        let mut at = self.at;
        while at - self.at <= MAX_BETWEEN {
            at += match self.text.get(at..)? {
                [b'\\', b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'x', ..] | [b'0', b'x', ..] if is_hexadecimal => 2,
                [b':' | b'-', ..] if is_hexadecimal => 1,
                [b' ' | b'\t' | b'\r' | b'\n' | b'"' | b',' | b'\\', ..] => 1,
                // A boundary, after a key that was cut.
                [b'-', b'-', b'-', b'-', b'-', ..] => return None,
                [letter, ..] => {
                    let value = self.alphabet.value(*letter)?;
                    self.at = at + 1;
                    return Some(value);
                }
                [] => return None,
            };
        }
        None
    }

    /// Whether there are so many octets.
    fn skip_to(&mut self, count: usize) -> bool {
        while self.count < count {
            if self.next().is_none() {
                return false;
            }
        }
        true
    }

    /// The label of a key that begins here, and its length.
    fn key(&mut self) -> Option<(&'static str, usize)> {
        match self.next()? {
            SEQUENCE => {
                let length = self.length()?;
                let end = self.count.saturating_add(length);
                Some((self.der_label()?, end))
            }
            b'o' if OPENSSH.iter().all(|octet| self.next() == Some(*octet)) => {
                Some(("OPENSSH PRIVATE KEY", self.openssh_end().unwrap_or(usize::MAX)))
            }
            _ => None,
        }
    }

    /// Recognises a key by the first members of its sequence: RFC 5958, 2 and 3; RFC 8017, A.1.2;
    /// RFC 5915, 3. OpenSSL's DSA key begins like the RSA key. A container of PKCS #12 (RFC 7292, 4) counts
    /// as the key that it is made for.
    fn der_label(&mut self) -> Option<&'static str> {
        match self.element()? {
            (INTEGER, 1) => {
                let version = self.next()?;
                match (version, self.element()?) {
                    (0 | 1, (SEQUENCE, length)) => {
                        self.is_algorithm_then_octets(length, &[&[]]).then_some("PRIVATE KEY")
                    }
                    (0 | 1, (INTEGER, 32..)) => Some("RSA PRIVATE KEY"),
                    // 160 to 521 bits.
                    (1, (OCTET_STRING, 20..=66)) => Some("EC PRIVATE KEY"),
                    (3, (SEQUENCE, _)) => {
                        self.is_object_identifier(&[&PKCS_7]).then_some("PKCS #12")
                    }
                    _ => None,
                }
            }
            (SEQUENCE, length) => self
                .is_algorithm_then_octets(length, &[&PKCS_5, &PKCS_12])
                .then_some("ENCRYPTED PRIVATE KEY"),
            _ => None,
        }
    }

    /// Whether an algorithm identifier of this length and an octet string follow, or the text ends
    /// before that. The contents of a revocation list, or of a certificate of version 1, begin like
    /// PKCS #8 but for the octet string. Only keys have so many parameters that the length is a long one.
    fn is_algorithm_then_octets(&mut self, length: usize, prefixes: &[&[u8]]) -> bool {
        let end = self.count.saturating_add(length);
        self.is_object_identifier(prefixes)
            && (length >= 0x80
                || !self.skip_to(end)
                || self.next().is_none_or(|identifier| identifier == OCTET_STRING))
    }

    fn is_object_identifier(&mut self, prefixes: &[&[u8]]) -> bool {
        let Some((OBJECT_IDENTIFIER, length @ 0..0x80)) = self.element() else { return false };
        let identifier: Vec<u8> = self.take(length).collect();
        prefixes.iter().any(|prefix| identifier.starts_with(prefix))
    }

    /// The identifier octet and the length of an element in DER (X.690, 8.1.2 and 8.1.3). An X.509 parser
    /// would do the same, but a webhook function links none.
    fn element(&mut self) -> Option<(u8, usize)> {
        Some((self.next()?, self.length()?))
    }

    /// An indefinite length, which containers of PKCS #12 in BER have, is as long as there are letters.
    fn length(&mut self) -> Option<usize> {
        match usize::from(self.next()?) {
            short @ 0..0x80 => Some(short),
            0x80 => Some(usize::MAX),
            long @ 0x81..=0x84 => self.number(long - 0x80),
            _ => None,
        }
    }

    fn number(&mut self, length: usize) -> Option<usize> {
        (0..length).try_fold(0, |number, _| Some(number << 8 | usize::from(self.next()?)))
    }

    /// After cipher, key derivation and its options, the public keys, and the private ones, each with
    /// its length (OpenSSH's PROTOCOL.key).
    fn openssh_end(&mut self) -> Option<usize> {
        for _ in 0..3 {
            self.skip_string()?;
        }
        for _ in 0..self.number(4)? {
            self.skip_string()?;
        }
        let length = self.number(4)?;
        Some(self.count.saturating_add(length))
    }

    fn skip_string(&mut self) -> Option<()> {
        let length = self.number(4)?;
        self.skip_to(self.count.saturating_add(length)).then_some(())
    }
}

/// Identifier octets (X.690, 8.1.2).
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Object identifiers of 1.2.840.113549.1: algorithms with a password, and contents of a container.
const PKCS_5: [u8; 8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5];
const PKCS_7: [u8; 8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7];
const PKCS_12: [u8; 8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 12];

/// `openssh-key-v1`, without its first letter.
const OPENSSH: &[u8] = b"penssh-key-v1\0";

/// Less than the base64 length of a text with a key.
const MIN_WORD: usize = 60;

/// The texts in base64 that hold a key: a word, or the lines that are one together. Only what may
/// have dashes, in whichever of the three positions, or begin as JSON is decoded.
fn texts_with_a_key(text: &str) -> Vec<BareKey> {
    if !may_be_text(text) {
        return Vec::new();
    }
    let mut spans = Vec::new();
    for lines in words(text, 0, |c| is_base64(c) && !matches!(c, ' ' | '\t' | '=')) {
        if !may_be_text(&text[lines.clone()]) {
            continue;
        }
        if is_text_with_a_key(&text[lines.clone()]) {
            spans.push(lines);
        } else {
            let each = words(&text[lines.clone()], lines.start, |c| !c.is_ascii_whitespace());
            spans.extend(each.filter(|line| is_text_with_a_key(&text[line.clone()])));
        }
    }
    let key = |span: Range<usize>| {
        let end = span.end + padding(&text[span.end..]);
        BareKey { span: span.start..end, label: "PRIVATE KEY", missing: 0 }
    };
    spans.into_iter().map(key).collect()
}

/// Whether base64 of dashes is in a word, or of what begins a document of JSON.
fn may_be_text(word: &str) -> bool {
    word.as_bytes().windows(4).any(|four| {
        matches!(
            four,
            b"LS0t" | b"W3si" | [b'e', b'y', b'J' | b'A', _] | [b'e', b'w', b'o' | b'0', _]
        )
    })
}

/// The length of the padding with which a text begins; its signs may have blanks between them as well.
fn padding(text: &str) -> usize {
    let rest = text.trim_start_matches(['=', ' ']);
    text[..text.len() - rest.len()].trim_end().len()
}

/// The ranges of long words, without what may stand around them. `offset` is where `text` begins.
fn words(
    text: &str,
    offset: usize,
    belongs: fn(char) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let around = |c: char| matches!(c, '-' | '_') || c.is_ascii_whitespace();
    let words = text.split(move |c| !belongs(c)).filter(|word| word.len() >= MIN_WORD);
    words.map(move |word| {
        let trimmed = word.trim_start_matches(around);
        let start = trimmed.as_ptr().addr() - text.as_ptr().addr() + offset;
        start..start + trimmed.trim_end_matches(around).len()
    })
}

fn is_text_with_a_key(word: &str) -> bool {
    let letters: String = word.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let encoding: &Encoding =
        if letters.contains(['-', '_']) { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    let octets = encoding.decode(letters.as_bytes()).unwrap_or_default();
    let text = str::from_utf8(&octets).unwrap_or_default();
    boundary::boundaries(text).any(|boundary| boundary.is_private_key())
        || !key_numbers::within(text).is_empty()
}
