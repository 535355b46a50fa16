use std::ops::Range;

use crate::bare_key;
use crate::boundary::{self, BoundaryKind};
use crate::key_numbers;

/// The text that replaces a private key.
pub const REMOVED: &str = "[private key removed by certhooks]";

/// Replaces every private key in a text with [`REMOVED`]: PEM blocks with `PRIVATE KEY` in their
/// label, also damaged or without begin or end; keys in base64 or hexadecimal, alone or among other words;
/// the secret numbers of a JWK and the like. Returns the new text and the label of each key, or `None` if
/// there is no key.
pub fn redact_text(text: &str) -> Option<(String, Vec<String>)> {
    redact(text).map(|redacted| (redacted.text, redacted.labels))
}

/// A text without the private keys that it held.
pub(crate) struct Redacted {
    pub(crate) text: String,
    pub(crate) labels: Vec<String>,
    /// How many letters, or lines, of its last key are missing because the text ends.
    pub(crate) missing_letters: usize,
    pub(crate) missing_lines: usize,
}

pub(crate) fn redact(text: &str) -> Option<Redacted> {
    if text.len() < MIN_LENGTH {
        return None;
    }
    let bare = bare_key::within(text);
    let secrets = key_numbers::within(text);
    let missing_letters = bare.iter().map(|key| key.missing).max().unwrap_or_default();
    let missing_lines = secrets.iter().map(|key| key.missing_lines).max().unwrap_or_default();
    let in_pem = pem_keys(text).into_iter().map(|key| (key.span, Some(key.label)));
    let bare = bare.into_iter().map(|key| (key.span, Some(key.label.to_owned())));
    let secrets = secrets.into_iter().map(|key| (key.span, key.label.map(str::to_owned)));
    let (text, labels) = without(text, in_pem.chain(bare).chain(secrets).collect())?;
    Some(Redacted { text, labels, missing_letters, missing_lines })
}

/// Of `Private-Lines: 1`: any other begin, and any key, is longer.
const MIN_LENGTH: usize = 16;

/// A text without these spans, and their labels; `None` if there are none.
pub(crate) fn without(
    text: &str,
    mut spans: Vec<(Range<usize>, Option<String>)>,
) -> Option<(String, Vec<String>)> {
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|(span, _)| span.start);
    let mut clean = String::with_capacity(text.len());
    let (mut from, mut labels) = (0, Vec::new());
    for (span, label) in spans {
        // The lines of a PEM block are no other key.
        if let Some(before) = text.get(from..span.start) {
            clean.push_str(before);
            clean.push_str(REMOVED);
            labels.extend(label);
        }
        from = from.max(span.end);
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    Some((clean, labels))
}

/// Whether a text begins a private key and does not end it.
pub(crate) fn is_open(text: &str) -> bool {
    boundary::boundaries(text).fold(false, |open, line| match line.kind {
        BoundaryKind::Begin => line.is_private_key(),
        BoundaryKind::End => open && !line.is_private_key(),
    })
}

/// A text by what it is of a key that another one begins.
pub(crate) enum Part {
    Line,
    End,
    Other,
}

impl Part {
    pub(crate) fn of(text: &str) -> Self {
        match boundary::boundaries(text).next() {
            Some(line) if line.kind == BoundaryKind::End && line.is_private_key() => Self::End,
            None if bare_key::is_line(text) => Self::Line,
            _ => Self::Other,
        }
    }
}

/// The labels of the private keys in a text.
#[cfg(feature = "x509")]
pub(crate) fn labels(text: &str) -> Vec<String> {
    redact(text).map(|redacted| redacted.labels).unwrap_or_default()
}

struct PemKey {
    span: Range<usize>,
    label: String,
}

/// The private keys from their BEGIN line to their END line or, if that is missing, to the next BEGIN
/// line of any label or the end of the text. An END line alone ends the base64 before it.
fn pem_keys(text: &str) -> Vec<PemKey> {
    let mut keys = Vec::new();
    let mut open: Option<PemKey> = None;
    let mut last_end = 0;
    for line in boundary::boundaries(text) {
        let Range { start, end } = line.span;
        let is_begin = line.kind == BoundaryKind::Begin;
        if let Some(key) = open.take_if(|_| is_begin || line.is_private_key()) {
            let end = if is_begin { start } else { end };
            keys.push(PemKey { span: key.span.start..end, ..key });
        } else if !is_begin && line.is_private_key() {
            let before = &text[last_end..start];
            let body = &before[before.trim_end_matches(bare_key::is_base64).len()..];
            if bare_key::letters(body) >= MIN_BODY {
                keys.push(PemKey { span: start - body.len()..end, label: line.label.clone() });
            }
        }
        if is_begin && line.is_private_key() {
            open = Some(PemKey { span: start..text.len(), label: line.label });
        }
        last_end = end;
    }
    keys.extend(open);
    keys
}

/// Less than the letters of any key in PEM, and more than a word.
const MIN_BODY: usize = 40;
