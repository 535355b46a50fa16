use std::borrow::Cow;
use std::fmt::Write;

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::MessageAttributeValue;

/// Whether SQS accepts the character. One other character makes it refuse the whole message
/// (SendMessage, "MessageBody").
fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Escapes the characters that SQS does not accept as `\uXXXX`. In JSON they can occur only within a
/// string, so the meaning does not change.
pub(crate) fn body(json: String) -> String {
    // JSON escapes control characters already, so ASCII needs no check.
    if json.is_ascii() { json } else { escape(&json, r"\u").into_owned() }
}

/// The data type of all our attributes.
pub(crate) const STRING: &str = "String";

pub(crate) fn attribute(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type(STRING).string_value(attribute_text(value)).build()
}

/// The text of an attribute, which must not be empty (SendMessage, "MessageAttributes").
pub(crate) fn attribute_text(value: &str) -> Cow<'_, str> {
    if value.is_empty() { Cow::Borrowed("-") } else { escape(value, "%") }
}

fn escape<'a>(text: &'a str, mark: &str) -> Cow<'a, str> {
    if text.chars().all(is_allowed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_allowed(char) {
            out.push(char);
        } else {
            // Writing to a string does not fail. All these characters have at most 16 bits.
            let _ = write!(out, "{mark}{:04x}", u32::from(char));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{attribute_text, body};

    #[test]
    fn attributes_are_never_empty_or_refused() {
        for (value, text) in [
            ("", "-"),
            ("digicert/order/1", "digicert/order/1"),
            ("a\u{0}b", "a%0000b"),
            ("\u{ffff}\u{1f600}ü", "%ffff\u{1f600}ü"),
        ] {
            assert_eq!(attribute_text(value), text);
        }
    }

    #[test]
    fn a_body_keeps_its_meaning() {
        let json = "{\"a\":\"x\u{ffff}y\u{fffe}\u{7f}\\\\\u{ffff}\"}";
        let sent = body(json.to_owned());
        assert!(sent.chars().all(super::is_allowed));
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(&sent), read(json));

        let plain = "{\"a\":\"\u{fffd}\"}";
        assert_eq!(body(plain.to_owned()), plain);
    }
}
