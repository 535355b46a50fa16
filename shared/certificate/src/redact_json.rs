use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter;
use std::ops::Range;

use serde::de::{Deserializer, Error, Visitor};
use serde_json::Value;

use crate::bare_key::letters;
use crate::key_numbers;
use crate::redact_text::{Part, REMOVED, Redacted, is_open, redact, without};

/// Removes private keys from a JSON text: the private members of each JWK, what [`redact_text`] finds in
/// each string, names of members included, and the strings of a list over which a key is spread line by
/// line. Strings without a key, and everything between strings, stay byte for byte. Returns the new JSON
/// and the label of each key, or `None` if there is no key.
///
/// [`redact_text`]: crate::redact_text
pub fn redact_json(raw: &str) -> Option<(String, Vec<String>)> {
    let members = key_numbers::jwk(raw).into_iter();
    let members = members.map(|secret| (secret.span, secret.label.map(str::to_owned))).collect();
    let Some((without_jwk, mut labels)) = without(raw, members) else {
        return redact_strings(raw);
    };
    match redact_strings(&without_jwk) {
        Some((clean, others)) => {
            labels.extend(others);
            Some((clean, labels))
        }
        None => Some((without_jwk, labels)),
    }
}

fn redact_strings(raw: &str) -> Option<(String, Vec<String>)> {
    let document = Document { raw, strings: strings(raw).collect() };
    let keys: BTreeMap<usize, Redacted> = (0..document.strings.len())
        .filter_map(|place| Some((place, redact(&document.text(place)?)?)))
        .collect();
    if keys.is_empty() {
        return None;
    }
    let parts: BTreeSet<usize> =
        keys.iter().flat_map(|(place, key)| document.other_parts(*place, key, &keys)).collect();
    let mut clean = String::with_capacity(raw.len());
    let mut labels = Vec::new();
    let mut from = 0;
    for (place, span) in document.strings.iter().enumerate() {
        let text = match keys.get(&place) {
            _ if parts.contains(&place) => REMOVED,
            Some(key) => {
                labels.extend_from_slice(&key.labels);
                &key.text
            }
            None => continue,
        };
        clean.push_str(raw.get(from..span.start).unwrap_or_default());
        clean.push_str(&Value::from(text).to_string());
        from = span.end;
    }
    clean.push_str(raw.get(from..).unwrap_or_default());
    Some((clean, labels))
}

struct Document<'a> {
    raw: &'a str,
    /// The ranges of the strings, quotes included.
    strings: Vec<Range<usize>>,
}

/// What ends a key whose lines are strings.
#[derive(Clone, Copy)]
enum End {
    Boundary,
    Letters(usize),
    Lines(usize),
}

impl Document<'_> {
    fn text(&self, place: usize) -> Option<Cow<'_, str>> {
        decode(self.raw.get(self.strings.get(place)?.clone())?)
    }

    /// Whether a string is the name of a member.
    fn is_name(&self, place: usize) -> bool {
        let after = self.strings.get(place).and_then(|span| self.raw.get(span.end..));
        after.is_some_and(|rest| rest.trim_start().starts_with(':'))
    }

    /// The places of the strings that belong to the key in the one at `place`: the lines after it up to
    /// the end of the key, or those before it in a list that is upside down. If neither has an end, the
    /// whole lines after it.
    fn other_parts(
        &self,
        place: usize,
        key: &Redacted,
        keys: &BTreeMap<usize, Redacted>,
    ) -> Vec<usize> {
        let text = self.text(place).unwrap_or_default();
        let (end, whole) = if is_open(&text) {
            (End::Boundary, LINE)
        } else if key.missing_letters > 0 {
            (End::Letters(key.missing_letters), LINE.min(letters(&text)))
        } else if key.missing_lines > 0 {
            (End::Lines(key.missing_lines), LINE)
        } else {
            return Vec::new();
        };
        let after = self.lines(place + 1..self.strings.len(), end, whole, keys);
        after.unwrap_or_else(|whole_lines| {
            self.lines((0..place).rev(), end, whole, keys).unwrap_or(whole_lines)
        })
    }

    /// The places of lines up to the end of a key. Without an end, as an error, those of the lines that
    /// have so many letters as whole ones, and of a last one in the same list. A line that begins a key, or
    /// a boundary, is of another key, so that no string is read for many keys.
    fn lines(
        &self,
        places: impl Iterator<Item = usize>,
        mut end: End,
        whole: usize,
        keys: &BTreeMap<usize, Redacted>,
    ) -> Result<Vec<usize>, Vec<usize>> {
        let mut lines = Vec::new();
        let (mut whole_lines, mut is_whole) = (0, true);
        for place in places {
            if self.is_name(place) {
                if keys.contains_key(&place) {
                    break;
                }
                continue;
            }
            let text = self.text(place).unwrap_or_default();
            let count = letters(&text);
            match (Part::of(&text), &mut end) {
                (Part::End, End::Boundary) => {
                    lines.push(place);
                    return Ok(lines);
                }
                (Part::Line, End::Boundary) => {}
                (Part::Line, _) if keys.contains_key(&place) => break,
                (Part::Line, End::Letters(missing)) if *missing >= count => *missing -= count,
                (Part::Line, End::Lines(missing)) => *missing -= 1,
                _ => break,
            }
            lines.push(place);
            if matches!(end, End::Letters(0) | End::Lines(0)) {
                return Ok(lines);
            }
            is_whole &= count >= whole;
            whole_lines += usize::from(is_whole);
        }
        let is_last =
            |pair: &[usize]| matches!(pair, [line, last] if self.are_neighbours(*line, *last));
        let last = whole_lines.checked_sub(1).and_then(|line| lines.get(line..line + 2));
        lines.truncate(whole_lines + usize::from(last.is_some_and(is_last)));
        Err(lines)
    }

    /// Whether nothing but a comma is between two strings.
    fn are_neighbours(&self, place: usize, next: usize) -> bool {
        let between = self.strings.get(place).zip(self.strings.get(next));
        between
            .and_then(|(one, other)| self.raw.get(one.end..other.start))
            .is_some_and(|between| between.trim() == ",")
    }
}

/// Less than a line of a key in PEM has, which are 64.
const LINE: usize = 40;

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
