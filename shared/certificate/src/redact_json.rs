use std::borrow::Cow;
use std::fmt;
use std::iter;
use std::ops::Range;

use serde::de::{Deserializer, Error, Visitor};
use serde_json::Value;

use crate::redact_text::{Part, REMOVED, is_open, redact_text};

/// Removes private keys from a JSON text: applies [`redact_text`] to each string, names of members
/// included, and the strings of a list over which a key is spread line by line. Strings without a key, and
/// everything between strings, stay byte for byte. Returns the new JSON and the label of each key, or `None`
/// if there is no key.
pub fn redact_json(raw: &str) -> Option<(String, Vec<String>)> {
    let mut clean = String::new();
    let mut labels = Vec::new();
    let spans: Vec<_> = strings(raw).collect();
    let mut from = 0;
    // Of the strings, by their place, those that belong to a key that an earlier one begins.
    let mut parts = 0..0;
    for (place, span) in spans.iter().enumerate() {
        let Some(text) = raw.get(span.clone()).and_then(decode) else {
            continue;
        };
        let (without, found) = match redact_text(&text) {
            Some(redacted) => redacted,
            None if parts.contains(&place) && !is_name(raw, span) => {
                (REMOVED.to_owned(), Vec::new())
            }
            None => continue,
        };
        if is_open(&text) {
            parts = place + 1..end_of_key(raw, &spans, place + 1);
        }
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

/// Whether a string is the name of a member.
fn is_name(raw: &str, span: &Range<usize>) -> bool {
    raw.get(span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// Less than a line of a key in PEM has, which are 64.
const LINE: usize = 40;

/// The place after the last string of a key whose begin is before `first`: after its end or, if that is
/// missing, after the whole lines that follow the begin.
fn end_of_key(raw: &str, spans: &[Range<usize>], first: usize) -> usize {
    let (mut end, mut is_whole) = (first, true);
    for (place, span) in spans.iter().enumerate().skip(first) {
        if is_name(raw, span) {
            continue;
        }
        let text = raw.get(span.clone()).and_then(decode).unwrap_or_default();
        match Part::of(&text) {
            Part::End => return place + 1,
            Part::Other => break,
            Part::Line => is_whole &= text.len() >= LINE,
        }
        if is_whole {
            end = place + 1;
        }
    }
    end
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
