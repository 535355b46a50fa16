//! What the derived JSON Schema of both messages does not say by itself.

use serde_json::{Value, json};

/// Description of the alternative by which an open set of words takes one that it does not list.
pub const FURTHER_WORD: &str =
    "A word that came later within this version. A consumer ignores what it does not know.";

/// RFC 3339 in UTC with six decimals: `time` and `receivedtime`.
pub const TIMESTAMP: &str = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$";
/// RFC 3339 in UTC with seconds: the validity of a certificate.
pub const SECONDS: &str = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$";
/// SHA-1 and SHA-256 in lower-case hex.
pub const SHA1: &str = "^[0-9a-f]{40}$";
pub const SHA256: &str = "^[0-9a-f]{64}$";
/// Upper-case hex in whole octets, without a leading zero octet; a serial number of zero is `00`.
pub const SERIAL: &str = "^(00|(0[1-9A-F]|[1-9A-F][0-9A-F])([0-9A-F]{2})*)$";
/// Certificates in PEM (RFC 7468) with LF, and nothing else.
pub const PEM_CHAIN: &str =
    "^(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n)+$";
/// W3C Trace Context.
pub const TRACEPARENT: &str = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}";
/// A word of an open set.
const WORD: &str = "^[a-z][a-z0-9_.]*$";

/// The schema of a set of words, each with its description.
pub(crate) fn words(about: &str, words: &[(&str, &str)], is_open: bool) -> schemars::Schema {
    let word = |(text, doc): &(&str, &str)| json!({"const": text, "description": lines(doc)});
    let mut alternatives: Vec<Value> = words.iter().map(word).collect();
    if is_open {
        alternatives.push(json!({"pattern": WORD, "description": FURTHER_WORD}));
    }
    schemars::json_schema!({"description": lines(about), "type": "string", "anyOf": alternatives})
}

/// The lines of a comment without the blank at their beginning.
fn lines(doc: &str) -> String {
    let lines: Vec<_> = doc.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned()
}

/// Each identifier is there where it applies, and one that comes later has the same forms.
pub(crate) fn optional_identifiers(schema: &mut schemars::Schema) {
    schema.remove("required");
    let form = json!({"type": ["string", "array"], "items": {"type": "string"}});
    schema.insert("additionalProperties".to_owned(), form);
}
