use std::ops::Range;

use crate::bare_key::is_base64;

/// What is secret of a key that is written as its numbers.
pub(crate) struct Secret {
    pub(crate) span: Range<usize>,
    /// With the first secret of a key only.
    pub(crate) label: Option<&'static str>,
    /// How many lines of the key are missing because the text ends.
    pub(crate) missing_lines: usize,
}

/// The secrets of keys that a text holds in the formats of JOSE, XML, OpenSSL and PuTTY.
pub(crate) fn within(text: &str) -> Vec<Secret> {
    let mut secrets = jwk(text);
    if text.contains("RSAKeyValue") {
        secrets.extend(key("RSAKeyValue", xml(text)));
    }
    if text.contains("Private-Key:") {
        secrets.extend(key("PRIVATE KEY", openssl(text)));
    }
    secrets.extend(putty(text));
    secrets
}

/// Less than a secret number has in base64 or hexadecimal; a day or a word is shorter.
const MIN_LETTERS: usize = 16;

fn key(
    label: &'static str,
    spans: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = Secret> {
    let long = spans.filter(|span| span.len() >= MIN_LETTERS);
    long.enumerate().map(move |(place, span)| {
        let label = (place == 0).then_some(label);
        Secret { span, label, missing_lines: 0 }
    })
}

/// The private members of each JWK: an object with `kty` (RFC 7517, 4.1) that is flat, so that it lies
/// between two braces. It may be in a string, or in a string within that: every quote may be escaped.
pub(crate) fn jwk(text: &str) -> Vec<Secret> {
    if !text.contains("kty") {
        return Vec::new();
    }
    let mut secrets = Vec::new();
    let mut start = 0;
    for object in text.split(['{', '}']) {
        if object.contains("kty") && members(object).any(|(name, _)| name == "kty") {
            let private = members(object).filter(|(name, _)| JWK_PRIVATE.contains(name));
            let spans = private.filter_map(|(_, at)| string(object, at));
            secrets.extend(key("JWK", spans.map(|span| start + span.start..start + span.end)));
        }
        start += object.len() + 1;
    }
    secrets
}

/// Elliptic curves and RSA: RFC 7518, 6.2.2 and 6.3.2; symmetric keys: 6.4; Ed25519 and its kind: RFC 8037,
/// 2; `priv` has ML-DSA.
const JWK_PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "priv"];

/// The name of each member, and where its value begins.
fn members(object: &str) -> impl Iterator<Item = (&str, usize)> {
    object.match_indices(':').filter_map(|(colon, _)| {
        let name = object[..colon].trim_end().strip_suffix('"')?.trim_end_matches('\\');
        let after = object[colon + 1..].trim_start();
        Some((name.rsplit('"').next()?, object.len() - after.len()))
    })
}

/// The content of a string in base64 that begins at `at`.
fn string(object: &str, at: usize) -> Option<Range<usize>> {
    let content = object[at..].trim_start_matches('\\').strip_prefix('"')?;
    let rest = content.trim_start_matches(is_base64);
    let start = object.len() - content.len();
    rest.starts_with(['"', '\\']).then_some(start..object.len() - rest.len())
}

/// The private elements of .NET's `RSAKeyValue`. The public one is that of XML Signature, 4.5.2.2.
fn xml(text: &str) -> impl Iterator<Item = Range<usize>> {
    // Each second piece is within the element.
    text.split("RSAKeyValue").skip(1).step_by(2).flat_map(move |key| {
        let start = key.as_ptr().addr() - text.as_ptr().addr();
        let numbers = key.match_indices('<').filter_map(|(at, _)| element(key, at + 1));
        numbers.map(move |number| start + number.start..start + number.end)
    })
}

/// The content of the element whose name begins at `at`, if it is private.
fn element(key: &str, at: usize) -> Option<Range<usize>> {
    let rest = key[at..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == ':');
    let name = key[at..key.len() - rest.len()].rsplit(':').next()?;
    let content = rest.strip_prefix('>')?;
    let end = key.len() - content.trim_start_matches(is_base64).len();
    let is_private = ["D", "P", "Q", "DP", "DQ", "InverseQ"].contains(&name);
    is_private.then_some(key.len() - content.len()..end)
}

/// The private numbers in what `openssl pkey -text` prints: a name, and lines of `aa:bb:`.
fn openssl(text: &str) -> impl Iterator<Item = Range<usize>> {
    const PRIVATE: [&str; 7] =
        ["privateExponent", "prime", "exponent", "coefficient", "priv", "seed", "dk"];
    text.match_indices(':').filter_map(|(colon, _)| {
        let before = &text[..colon];
        let rest = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        // Primes are numbered.
        let name = before[rest.len()..].trim_end_matches(|c: char| c.is_ascii_digit());
        if !PRIVATE.contains(&name) {
            return None;
        }
        let number = text[colon + 1..].trim_start();
        let is_digit = |c: char| c.is_ascii_hexdigit();
        let rest =
            number.trim_start_matches(|c: char| is_digit(c) || c == ':' || c.is_ascii_whitespace());
        let mut digits = &number[..number.len() - rest.len()];
        if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            // The next name begins with a letter that may be a digit.
            digits = digits.trim_end_matches(is_digit);
        }
        let start = text.len() - number.len();
        Some(start..start + digits.trim_end().len())
    })
}

/// From the count of private lines in a file of PuTTY to the code that authenticates them or, if that is
/// missing, to the end of the text.
fn putty(text: &str) -> Vec<Secret> {
    const BEGIN: &str = "Private-Lines:";
    const END: &str = "Private-MAC:";
    let mut secrets = Vec::new();
    let mut from = 0;
    while let Some(offset) = text[from..].find(BEGIN) {
        let start = from + offset;
        if !text[start + BEGIN.len()..].trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            from = start + BEGIN.len();
            continue;
        }
        let end = text[start..].find(END).map(|end| start + end + END.len());
        let missing_lines = match end {
            Some(_) => 0,
            None => text[start + BEGIN.len()..].trim().parse().unwrap_or_default(),
        };
        let code = |c: char| c == ' ' || c.is_ascii_hexdigit();
        from =
            end.map_or(text.len(), |end| text.len() - text[end..].trim_start_matches(code).len());
        secrets.push(Secret { span: start..from, label: Some("PuTTY"), missing_lines });
    }
    secrets
}
