use http::HeaderMap;
use ring::hmac::{self, HMAC_SHA256, Key, Tag};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::characters::is_active;
use crate::json;
use crate::receiver::{PLACEHOLDER, SecretFault};
use crate::secret_member::SecretMember;

/// A secret as it is stored: a JSON object, or a plain string, which is the value of its first
/// member.
pub enum Stored<'a> {
    Object(Map<String, Value>),
    Plain(&'a str),
    /// It begins as JSON and is no valid object. An operator's typing error must not become the secret:
    /// it would refuse every genuine event, and the log would blame the sender.
    Malformed,
}

impl<'a> Stored<'a> {
    pub fn read(stored: &'a SecretString) -> Self {
        let text = stored.expose_secret();
        match begins_as_json(text) {
            true => unique_members(text).map_or(Self::Malformed, Self::Object),
            false => Self::Plain(text),
        }
    }

    /// The value of the first documented member.
    pub fn first(&self, key: &'static str) -> Result<&str, SecretFault> {
        match self {
            Self::Plain(text) => usable(key, text),
            Self::Object(_) | Self::Malformed => self.named(key),
        }
    }

    /// The value of a further documented member, which a plain string does not have.
    pub fn named(&self, key: &'static str) -> Result<&str, SecretFault> {
        match self {
            Self::Object(members) => {
                let value = members.get(key).and_then(Value::as_str);
                usable(key, value.ok_or(SecretFault::Missing(key))?)
            }
            Self::Plain(_) => Err(SecretFault::Missing(key)),
            Self::Malformed => Err(SecretFault::Malformed),
        }
    }
}

/// The first member of a stored secret that is shorter than it should be. It is used nevertheless until it is
/// replaced, since to refuse it would refuse the provider's events.
pub fn short_member<'a>(
    members: &'a [SecretMember],
    stored: &SecretString,
) -> Option<&'a SecretMember> {
    let stored = Stored::read(stored);
    let is_short = |(index, member): &(usize, &SecretMember)| {
        let value = match index {
            0 => stored.first(member.stored_as),
            _ => stored.named(member.stored_as),
        };
        value.is_ok_and(|value| value.chars().count() < member.min_length)
    };
    members.iter().enumerate().find(is_short).map(|(_, member)| member)
}

/// The members of a JSON object. `None` for anything else, and where a name occurs twice, since it cannot
/// be told which value is meant, or is none that a string can hold.
pub fn unique_members(text: &str) -> Option<Map<String, Value>> {
    let members: json::Members<'_> = serde_json::from_str(text).ok()?;
    let mut unique = Map::new();
    for member in members.iter() {
        let value = serde_json::from_str(member.value.get()).ok()?;
        if unique.insert(member.name()?.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(unique)
}

fn begins_as_json(text: &str) -> bool {
    let is_before = |character: char| character == '\u{feff}' || character.is_whitespace();
    text.trim_start_matches(is_before).starts_with(['{', '[', '"'])
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// White space around a value is not part of it, since no header could carry it. A value that no header
/// can carry was spoiled on its way into the store.
fn usable<'a>(key: &str, value: &'a str) -> Result<&'a str, SecretFault> {
    match value.trim() {
        "" => Err(SecretFault::Empty),
        value if value.eq_ignore_ascii_case(PLACEHOLDER) => Err(SecretFault::NotFilledIn),
        // An object of one's own in the place of the value: stored twice as JSON.
        value if begins_as_json(value) && is_json(value) => Err(SecretFault::Malformed),
        value if is_quoted(value) || is_named(key, value) => Err(SecretFault::Malformed),
        value if value.contains(is_spoiled) => Err(SecretFault::ControlCharacter),
        value => Ok(value),
    }
}

/// Whether nobody sees the character in an editor: white space but for the blank, and what has no width.
fn is_spoiled(character: char) -> bool {
    is_active(character) || (character.is_whitespace() && character != ' ')
}

/// Whether the value is one with its name, as in a file of settings (`webhook_key: KEY`, `DIGICERT_WEBHOOK_KEY=KEY`),
/// the name of a variable (`${KEY}`), or a header's value with its scheme (`Bearer KEY`).
fn is_named(key: &str, value: &str) -> bool {
    let name = value.split_once(['=', ':']).map(|(name, _)| name.trim().to_ascii_lowercase());
    name.is_some_and(|name| name == key || name.ends_with(&format!("_{key}")))
        || (value.starts_with("${") && value.ends_with('}'))
        || value.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
}

/// Whether quotes stand around a value, as editors, shells and pages put them.
fn is_quoted(value: &str) -> bool {
    let pairs = ["''", "``", "\u{2018}\u{2019}", "\u{201c}\u{201d}", "\u{ab}\u{bb}", "<>"];
    pairs.iter().any(|pair| {
        let mut quotes = pair.chars();
        let [open, close] = [quotes.next(), quotes.next()];
        value.chars().next() == open && value.chars().next_back() == close
    })
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
