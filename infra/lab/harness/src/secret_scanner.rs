//! Searches the output of programs for secrets, in every encoding in which they could appear.

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use form_urlencoded::byte_serialize;

/// Minimum length of a piece of a private key. Shorter ones occur in other texts by chance.
const MIN_PIECE_LENGTH: usize = 12;

/// Secrets that must not appear in a program's output, in every encoding of them.
#[derive(Clone)]
pub struct SecretScanner(Vec<String>);

impl SecretScanner {
    /// Searches for `secrets` in every encoding, and for the lines of `keys`, which are private
    /// keys in PEM.
    pub fn new(secrets: &[&str], keys: &[&str]) -> Self {
        let mut patterns: Vec<String> =
            secrets.iter().flat_map(|secret| encodings(secret)).collect();
        for key in keys {
            let lines = key.lines().filter(|line| !line.starts_with("---"));
            // No escape changes these pieces of a line.
            let pieces = lines.flat_map(|line| line.split(['/', '+', '=']));
            patterns
                .extend(pieces.filter(|piece| piece.len() >= MIN_PIECE_LENGTH).map(str::to_owned));
        }
        Self(patterns)
    }

    /// The same search without `secret`, for output that may contain it.
    #[must_use]
    pub fn without(&self, secret: &str) -> Self {
        let allowed = encodings(secret);
        Self(self.0.iter().filter(|pattern| !allowed.contains(pattern)).cloned().collect())
    }

    /// The number of patterns that occur in `text`.
    pub fn count(&self, text: &str) -> u64 {
        self.0.iter().filter(|pattern| text.contains(pattern.as_str())).count() as u64
    }
}

/// The secret itself, as escaped in JSON and URLs, in hex, and in Base64 at each of the three
/// offsets at which it may begin.
fn encodings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut encodings = vec![
        secret.to_owned(),
        secret.replace('/', "\\/"),
        secret.chars().map(|char| format!("\\u{:04x}", u32::from(char))).collect(),
        byte_serialize(bytes).collect(),
        byte_serialize(bytes).collect::<String>().replace('+', "%20"),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
    ];
    for offset in 0..3 {
        let padded = [&b"\0\0"[..offset], bytes].concat();
        // The first and the last characters contain bits of neighbouring bytes.
        let whole = padded.len() / 3 * 4;
        let from = if offset == 0 { 0 } else { 4 };
        encodings.push(BASE64.encode(&padded)[from..whole].to_owned());
        encodings.push(BASE64URL.encode(&padded)[from..whole].to_owned());
    }
    encodings.sort();
    encodings.dedup();
    encodings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let (secret, other) = ("marker/meta+access=token", "marker/challenge+token=5d41402a");
        let scanner =
            SecretScanner::new(&[secret, other], &["-----BEGIN\nABCDEFGHIJKLMNOP/QR\n-----END"]);
        for text in [
            format!("access_token={secret}&x"),
            serde_json::to_string(&["x", secret]).unwrap().replace('/', "\\/"),
            format!("?t={}", byte_serialize(secret.as_bytes()).collect::<String>()),
            HEXLOWER.encode(format!("ab{secret}").as_bytes()),
            BASE64.encode(format!("user:{secret}").as_bytes()),
            BASE64.encode(format!("user1:{secret}!").as_bytes()),
            BASE64URL.encode(format!("user12:{secret}!!").as_bytes()),
            "\"key\":\"ABCDEFGHIJKLMNOP\\/QR\"".to_owned(),
        ] {
            assert!(scanner.count(&text) > 0, "{text}");
        }
        assert_eq!(scanner.count("marker, meta access token, Basic dXNlcjptYXJrZXI="), 0);
        assert!(scanner.count(other) > 0);
        assert_eq!(scanner.without(other).count(other), 0);
    }
}
