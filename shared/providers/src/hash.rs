//! Hashes as providers write them.

/// A SHA-256 of 64 hex digits, in lower case. `None` for anything else.
pub(crate) fn sha256(text: &str) -> Option<String> {
    hex(text, 64)
}

/// A SHA-1 of 40 hex digits, in lower case. `None` for anything else.
pub(crate) fn sha1(text: &str) -> Option<String> {
    hex(text, 40)
}

fn hex(text: &str, digits: usize) -> Option<String> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}
