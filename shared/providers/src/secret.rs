use http::HeaderMap;
use ring::hmac::{self, HMAC_SHA256, Key, Tag};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::receiver::{PLACEHOLDER, SecretFault};

/// A secret as it is stored: a JSON object, or a plain string, which is the value of its first
/// member.
pub enum Stored<'a> {
    Object(Map<String, Value>),
    Plain(&'a str),
}

impl<'a> Stored<'a> {
    pub fn read(stored: &'a SecretString) -> Self {
        let text = stored.expose_secret();
        serde_json::from_str(text).map_or(Self::Plain(text), Self::Object)
    }

    /// The value of the first documented member.
    pub fn first(&self, key: &'static str) -> Result<&str, SecretFault> {
        match self {
            Self::Object(_) => self.named(key),
            Self::Plain(text) => usable(text),
        }
    }

    /// The value of a further documented member, which a plain string does not have.
    pub fn named(&self, key: &'static str) -> Result<&str, SecretFault> {
        let Self::Object(members) = self else { return Err(SecretFault::Missing(key)) };
        usable(members.get(key).and_then(Value::as_str).ok_or(SecretFault::Missing(key))?)
    }
}

/// White space around a value is not part of it, since no header could carry it.
fn usable(value: &str) -> Result<&str, SecretFault> {
    match value.trim() {
        "" => Err(SecretFault::Empty),
        value if value.eq_ignore_ascii_case(PLACEHOLDER) => Err(SecretFault::NotFilledIn),
        value => Ok(value),
    }
}

/// The digest of a secret, which can compare a text with the secret but does not hold it. The
/// comparison takes a time that depends on neither content nor length of the secret, since two
/// digests of one length are compared.
pub struct SecretDigest(Tag);

impl SecretDigest {
    pub fn new(secret: &str) -> Self {
        Self(hmac::sign(&key(), secret.as_bytes()))
    }

    /// Whether `candidate` is the secret.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        hmac::verify(&key(), candidate, self.0.as_ref()).is_ok()
    }
}

/// The key of the digests. It need not be secret: digests are only compared with each other, in
/// memory.
fn key() -> Key {
    Key::new(HMAC_SHA256, b"certhooks compares tags, not texts")
}

/// The value of a header that occurs exactly once and is not empty, without the white space around
/// it (RFC 9110, 5.5). A proxy may have joined repeated headers with commas (RFC 9110, 5.2); such a
/// value equals no secret.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    let trimmed = trim_white_space(value);
    (values.next().is_none() && !trimmed.is_empty()).then_some(trimmed)
}

fn trim_white_space(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
