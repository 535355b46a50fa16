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

/// A list, which may be a JSON array or separated by commas.
pub(super) fn list(parameters: &Parameters, name: &str) -> Vec<String> {
    let text = parameters.get(name).map(String::as_str).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| {
        let parts = text.split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{list, of_body};

    #[test]
    fn lists_may_be_json_or_separated_by_commas() {
        for body in [
            "fields=%5B%22certificate%22%2C%22phishing%22%5D",
            "fields=certificate%2C+phishing",
            r#"{"fields": ["certificate", "phishing"]}"#,
            r#"{"fields": "certificate,phishing"}"#,
        ] {
            assert_eq!(list(&of_body(body.as_bytes()), "fields"), ["certificate", "phishing"]);
        }
        assert!(list(&of_body(b""), "fields").is_empty());
    }
}
