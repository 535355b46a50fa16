use crate::bare_key;
use crate::boundary::{self, Boundary, BoundaryKind};

/// The text that replaces a private key.
pub const REMOVED: &str = "[private key removed by certhooks]";

/// Replaces every private key in a text with [`REMOVED`]: PEM blocks with `PRIVATE KEY` in their
/// label, also damaged or without an end, and a text that as a whole is a key in base64. Returns
/// the new text and the label of each key, or `None` if there is no key.
pub fn redact_text(text: &str) -> Option<(String, Vec<String>)> {
    if let Some(label) = bare_key::label(text) {
        return Some((REMOVED.to_owned(), vec![label.to_owned()]));
    }
    let keys = pem_keys(text);
    if keys.is_empty() {
        return None;
    }
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for (begin, end) in &keys {
        clean.push_str(text.get(from..begin.span.start).unwrap_or_default());
        clean.push_str(REMOVED);
        from = *end;
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    Some((clean, keys.into_iter().map(|(begin, _)| begin.label).collect()))
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
