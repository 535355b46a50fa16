use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::receiver::InvalidDocument;

/// Deepest nesting of a body. `serde_json` parses a `Value` to the same depth.
const DEPTH_LIMIT: usize = 127;

/// A body whose root is an object, as it came. Values that JSON allows but that no Rust number or
/// string can hold, such as `1e400` or a lone surrogate, are kept as they are written.
///
/// # Errors
/// The body is empty, not JSON (or invalid UTF-8, or nested too deep), or of another JSON type.
pub fn object(body: &[u8]) -> Result<Box<RawValue>, InvalidDocument> {
    borrowed_object(body).map(ToOwned::to_owned)
}

/// As [`object`], without a copy.
pub(crate) fn borrowed_object(body: &[u8]) -> Result<&RawValue, InvalidDocument> {
    if body.trim_ascii().is_empty() {
        return Err(InvalidDocument::Empty);
    }
    let document: &RawValue = serde_json::from_slice(body).map_err(|_| InvalidDocument::NotJson)?;
    // `RawValue` is parsed without recursion. This limit lets all later code recurse.
    if depth(document.get()) > DEPTH_LIMIT {
        return Err(InvalidDocument::NotJson);
    }
    if !document.get().starts_with('{') {
        return Err(InvalidDocument::NotAnObject);
    }
    Ok(document)
}

/// The members of an object in order, repeated names included, values untouched.
#[derive(Clone, Debug, Default)]
pub struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// `None` when `value` is no object.
    pub fn of(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// The value of `name`. Of repeated names the last one counts, as in most parsers (RFC 8259,
    /// section 4). `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().rev().find(|(member, _)| member == name)?;
        (value.get() != "null").then_some(*value)
    }

    pub fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.get(name)?)
    }

    pub fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// A string that is not blank.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, &'a RawValue)> + ExactSizeIterator {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// A string that is not blank.
pub fn text(value: &RawValue) -> Option<String> {
    // Without this check, the error that the parser builds would take longer than the rest.
    if !value.get().starts_with('"') {
        return None;
    }
    let text: String = serde_json::from_str(value.get()).ok()?;
    (!text.trim().is_empty()).then_some(text)
}

/// An unsigned 64-bit number, from a JSON number or a decimal string.
pub fn unsigned(value: &RawValue) -> Option<u64> {
    let number = text(value).unwrap_or_else(|| value.get().to_owned());
    // `u64::from_str` takes a plus sign, which is neither a JSON number nor a decimal id.
    let decimal = number.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| number.parse().ok())?
}

/// The same text for all spellings of a value: names are sorted, white space is removed, of
/// repeated names the last one stays. Numbers keep their own text, since two numbers can have one
/// `f64`.
pub fn canonical(value: &RawValue) -> String {
    let text = value.get();
    let canonical = match text.as_bytes().first() {
        Some(b'{') => canonical_object(text),
        Some(b'[') => canonical_list(text),
        Some(b'"') => serde_json::from_str(text).ok().map(|text: String| quoted(&text)),
        _ => None,
    };
    canonical.unwrap_or_else(|| text.to_owned())
}

/// As [`canonical`]. An absent value is `null`.
pub fn canonical_or_null(value: Option<&RawValue>) -> String {
    value.map_or_else(|| "null".to_owned(), canonical)
}

/// The text as a JSON string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A derived id: the SHA-256 of the parts as a JSON array, in lower-case hex. The array keeps the
/// parts apart. The first part is the provider's name.
pub fn id(parts: &[&str]) -> String {
    HEXLOWER.encode(digest(&SHA256, Value::from(parts).to_string().as_bytes()).as_ref())
}

/// How deep valid JSON is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn canonical_object(text: &str) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    let sorted: BTreeMap<_, _> = members.iter().collect();
    let members: Vec<_> =
        sorted.into_iter().map(|(name, value)| quoted(name) + ":" + &canonical(value)).collect();
    Some(format!("{{{}}}", members.join(",")))
}

fn canonical_list(text: &str) -> Option<String> {
    let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let values: Vec<_> = values.into_iter().map(canonical).collect();
    Some(format!("[{}]", values.join(",")))
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
