use crate::armour::{self, Armour, Edge};
use crate::bare_key;

/// What stands where a private key was.
pub const REMOVED: &str = "[private key removed by certhooks]";

/// Replaces every private key in a text by [`REMOVED`]: PEM blocks whose label says `PRIVATE KEY`, also
/// damaged or without an end, and a text that as a whole is a key in base64. `None` when there is none;
/// else the new text and the label of each key.
pub fn redact_text(text: &str) -> Option<(String, Vec<String>)> {
    if let Some(label) = bare_key::label(text) {
        return Some((REMOVED.to_owned(), vec![label.to_owned()]));
    }
    let keys = armoured(text);
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
pub(crate) fn labels(text: &str) -> Vec<String> {
    armoured(text).into_iter().map(|(begin, _)| begin.label).collect()
}

/// The BEGIN line of each private key, and the byte where the key ends: behind its END line; without
/// one, before the next BEGIN line of anything, or with the text.
fn armoured(text: &str) -> Vec<(Armour, usize)> {
    let mut keys: Vec<(Armour, usize)> = Vec::new();
    let mut open: Option<Armour> = None;
    for line in armour::lines(text) {
        if line.edge == Edge::Begin {
            keys.extend(open.take().map(|begin| (begin, line.span.start)));
            open = line.is_private_key().then_some(line);
        } else if line.is_private_key() {
            keys.extend(open.take().map(|begin| (begin, line.span.end)));
        }
    }
    keys.extend(open.map(|begin| (begin, text.len())));
    keys
}
