use std::ops::Range;

use crate::bare_key;
use crate::boundary::{self, Boundary, BoundaryKind};

/// The text that replaces a private key.
pub const REMOVED: &str = "[private key removed by certhooks]";

/// Replaces every private key in a text with [`REMOVED`]: PEM blocks with `PRIVATE KEY` in their
/// label, also damaged or without an end, and keys in base64 or hexadecimal, alone or among other words.
/// Returns the new text and the label of each key, or `None` if there is no key.
pub fn redact_text(text: &str) -> Option<(String, Vec<String>)> {
    if let Some(label) = bare_key::label(text) {
        return Some((REMOVED.to_owned(), vec![label.to_owned()]));
    }
    let in_pem =
        pem_keys(text).into_iter().map(|(begin, end)| (begin.span.start..end, begin.label));
    let mut keys: Vec<(Range<usize>, String)> = in_pem.collect();
    let bare = bare_key::within(text).into_iter().map(|(span, label)| (span, label.to_owned()));
    keys.extend(bare);
    if keys.is_empty() {
        return None;
    }
    keys.sort_by_key(|(span, _)| span.start);
    let mut clean = String::with_capacity(text.len());
    let (mut from, mut labels) = (0, Vec::new());
    for (span, label) in keys {
        // The lines of a PEM block are no other key.
        if let Some(before) = text.get(from..span.start) {
            clean.push_str(before);
            clean.push_str(REMOVED);
            from = span.end;
            labels.push(label);
        }
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

/// A text by what it is of a key that an earlier one begins.
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
    pem_keys(text).into_iter().map(|(begin, _)| begin.label).collect()
}

/// The BEGIN line of each private key, and the byte at which the key ends: after its END line or,
/// if that is missing, before the next BEGIN line of any label or at the end of the text.
fn pem_keys(text: &str) -> Vec<(Boundary, usize)> {
    let mut keys: Vec<(Boundary, usize)> = Vec::new();
    let mut open: Option<Boundary> = None;
    for line in boundary::boundaries(text) {
        if line.kind == BoundaryKind::Begin {
            keys.extend(open.take().map(|begin| (begin, line.span.start)));
            open = line.is_private_key().then_some(line);
        } else if line.is_private_key() {
            keys.extend(open.take().map(|begin| (begin, line.span.end)));
        }
    }
    keys.extend(open.map(|begin| (begin, text.len())));
    keys
}
