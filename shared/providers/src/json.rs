use std::collections::BTreeMap;
use std::fmt;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde::Deserializer as _;
use serde::de::{Deserialize, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use crate::receiver::InvalidDocument;

/// Deepest nesting of a body. `serde_json` parses a `Value` to the same depth.
const DEPTH_LIMIT: usize = 127;

/// UTF-8's byte order mark, which some senders put before a body (RFC 8259, 8.1: a parser may ignore it).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A body whose root is an object, as it came but for a byte order mark. Values that JSON allows but that no Rust number or
/// string can hold, such as `1e400` or a lone surrogate, are kept as they are written.
///
/// # Errors
/// The body is empty, not JSON (or invalid UTF-8, or nested too deep), or of another JSON type.
pub fn object(body: &[u8]) -> Result<Box<RawValue>, InvalidDocument> {
    borrowed_object(body).map(ToOwned::to_owned)
}

/// As [`object`], without a copy.
pub(crate) fn borrowed_object(body: &[u8]) -> Result<&RawValue, InvalidDocument> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(InvalidDocument::Empty);
    }
    let document: &RawValue = serde_json::from_slice(body).map_err(|_| InvalidDocument::NotJson)?;
    // `RawValue` is parsed without recursion. This limit lets all later code recurse.
    if is_too_deep(document.get()) {
        return Err(InvalidDocument::NotJson);
    }
    if !document.get().starts_with('{') {
        return Err(InvalidDocument::NotAnObject);
    }
    Ok(document)
}

/// The members of an object in order, repeated names included, values untouched. A name that no Rust
/// string can hold, such as half a surrogate pair, is a member like any other, which only nobody asks for.
#[derive(Clone, Debug, Default)]
pub struct Members<'a>(Vec<Member<'a>>);

#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// `None` for a name that no Rust string can hold.
    name: Option<String>,
    raw_name: &'a RawValue,
    pub value: &'a RawValue,
}

impl Member<'_> {
    /// `None` for a name that no Rust string can hold.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub fn is(&self, name: &str) -> bool {
        self.name() == Some(name)
    }

    /// The name as a JSON string, the same for all its spellings.
    pub fn quoted_name(&self) -> String {
        self.name.as_deref().map_or_else(|| self.raw_name.get().to_owned(), quoted)
    }
}

impl<'a> Members<'a> {
    /// `None` when `value` is no object.
    pub fn of(value: &'a RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// The value of `name`. Of repeated names the last one counts, as in most parsers (RFC 8259,
    /// section 4). `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let value = self.0.iter().rev().find(|member| member.is(name))?.value;
        (value.get() != "null").then_some(value)
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

    /// The elements of a list. `Err` where it has more than `limit` of them, whose rest is not read.
    pub fn list_up_to(
        &self,
        name: &str,
        limit: usize,
    ) -> Option<Result<Vec<&'a RawValue>, TooMany>> {
        let text = self.get(name)?.get();
        let mut list = Deserializer::from_str(text);
        let elements = (&mut list).deserialize_seq(UpTo(limit)).ok()?;
        Some(elements.ok_or(TooMany))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> + ExactSizeIterator {
        self.0.iter()
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

/// Whether valid JSON is nested deeper than [`DEPTH_LIMIT`]. Most of it has fewer brackets in all.
fn is_too_deep(json: &str) -> bool {
    let brackets = json.bytes().filter(|byte| matches!(byte, b'{' | b'['));
    brackets.count() > DEPTH_LIMIT && depth(json) > DEPTH_LIMIT
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
    // Names that no string can hold come first, in the order of the way they are written.
    let key = |member: &Member<'_>| match &member.name {
        Some(name) => (true, name.clone()),
        None => (false, member.raw_name.get().to_owned()),
    };
    let sorted: BTreeMap<_, _> = members.iter().map(|member| (key(member), member)).collect();
    let members: Vec<_> = sorted
        .into_values()
        .map(|member| member.quoted_name() + ":" + &canonical(member.value))
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

fn canonical_list(text: &str) -> Option<String> {
    let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let values: Vec<_> = values.into_iter().map(canonical).collect();
    Some(format!("[{}]", values.join(",")))
}

/// A list has more elements than were asked for.
#[derive(Clone, Copy, Debug)]
pub struct TooMany;

/// Reads a list. `None` where it has more elements than this.
struct UpTo(usize);

impl<'de> Visitor<'de> for UpTo {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == self.0 {
                // The text was parsed before, so it ends somewhere.
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            elements.push(element);
        }
        Ok(Some(elements))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
        while let Some((raw_name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name = serde_json::from_str(raw_name.get()).ok();
            members.push(Member { name, raw_name, value });
        }
        Ok(Members(members))
    }
}
