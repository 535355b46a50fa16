use std::borrow::Cow;
use std::fmt;
use std::iter;
use std::ops::Range;

use serde::de::{Deserializer, Error, Visitor};
use serde_json::Value;

use crate::redact_text::redact_text;

/// Removes private keys from a JSON text: applies [`redact_text`] to each string, names of members
/// included. Strings without a key, and everything between strings, stay byte for byte. Returns the
/// new JSON and the label of each key, or `None` if there is no key.
pub fn redact_json(raw: &str) -> Option<(String, Vec<String>)> {
    let mut clean = String::new();
    let mut labels = Vec::new();
    let mut from = 0;
    for span in strings(raw) {
        let Some(text) = raw.get(span.clone()).and_then(decode) else {
            continue;
        };
        let Some((without, found)) = redact_text(&text) else {
            continue;
        };
        clean.push_str(raw.get(from..span.start).unwrap_or_default());
        clean.push_str(&Value::String(without).to_string());
        from = span.end;
        labels.extend(found);
    }
    if labels.is_empty() {
        return None;
    }
    clean.push_str(raw.get(from..).unwrap_or_default());
    Some((clean, labels))
}

/// The ranges of the strings in a JSON text, quotes included.
fn strings(raw: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    iter::from_fn(move || {
        let start = from + raw.get(from..)?.find('"')?;
        let mut escaped = false;
        let length = raw.get(start + 1..)?.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        from = start + 1 + length + 1;
        Some(start..from)
    })
}

fn decode(token: &str) -> Option<Cow<'_, str>> {
    if token.contains('\\') {
        let octets = serde_json::Deserializer::from_str(token).deserialize_bytes(Octets).ok()?;
        Some(Cow::Owned(String::from_utf8_lossy(&octets).into_owned()))
    } else {
        token.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
    }
}

/// Decodes a JSON string to octets: a lone surrogate (`"\ud800"`) is valid JSON (RFC 8259, 8.2),
/// but no `String`.
struct Octets;

impl Visitor<'_> for Octets {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Vec<u8>, E> {
        Ok(octets.to_vec())
    }
}
