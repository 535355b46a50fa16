use std::borrow::Cow;
use std::fmt::Write;

/// Longest part in characters of a CloudEvents `type` that comes from a provider.
const TYPE_LIMIT: usize = 128;
/// Longest name in a subject in characters. A DNS name has at most 253 (RFC 1035, 2.3.4).
const SUBJECT_LIMIT: usize = 255;
/// Longest name of an event in characters, as consumers see it.
const EVENT_LIMIT: usize = 256;

/// Longest sentence of a provider's for people in characters.
const SENTENCE_LIMIT: usize = 1000;

/// Stands for an id or name that the event does not have.
pub(crate) const UNKNOWN: &str = "unknown";

/// The beginning of a provider's sentence for people.
pub(crate) fn bounded(text: &str) -> String {
    text.chars().take(SENTENCE_LIMIT).collect()
}

/// Whether a text is short enough to be a name or an id. A longer one stays in the payload.
pub(crate) fn is_short(text: &str) -> bool {
    text.len() <= 4 * SUBJECT_LIMIT
}

/// A SHA-256 hash of 64 hex digits, in lower case.
pub(crate) fn sha256(hash: &str) -> Option<String> {
    let is_sha256 = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| hash.to_ascii_lowercase())
}

/// A provider's event name as part of a CloudEvents `type`.
pub(crate) fn type_part(event: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    without_private_key(event)
        .chars()
        .take(TYPE_LIMIT)
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}

/// A provider's event name as consumers see it.
pub(crate) fn event_name(event: &str) -> String {
    without_private_key(event).chars().take(EVENT_LIMIT).collect()
}

/// A name as one segment of a subject. Characters that could end a line or a segment are
/// percent-encoded.
pub(crate) fn segment(name: &str) -> String {
    if name.is_empty() {
        return UNKNOWN.to_owned();
    }
    let mut segment = String::new();
    for c in without_private_key(name).chars().take(SUBJECT_LIMIT) {
        let plain = matches!(c, '.' | '_' | '~' | '*' | '@' | ':' | '-') || c.is_alphanumeric();
        if plain { segment.push(c) } else { push_encoded(&mut segment, c) }
    }
    segment
}

/// Names are logged and archived, and a provider may send any text in the place of a name, even a
/// private key.
fn without_private_key(name: &str) -> Cow<'_, str> {
    certificate::redact_text(name).map_or(Cow::Borrowed(name), |(clean, _)| Cow::Owned(clean))
}

fn push_encoded(segment: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a `String` cannot fail.
        let _ = write!(segment, "%{byte:02X}");
    }
}
