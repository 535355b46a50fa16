use std::collections::HashMap;

use serde_json::Value;

pub(super) type Parameters = HashMap<String, String>;

/// The parameters of a body, which may be a form or JSON.
pub(super) fn of_body(body: &[u8]) -> Parameters {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => {
            let text = |value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            members.into_iter().map(|(name, value)| (name, text(value))).collect()
        }
        _ => form_urlencoded::parse(body).into_owned().collect(),
    }
}
