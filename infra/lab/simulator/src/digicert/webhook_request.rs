use axum::http::HeaderValue;
use providers::digicert::KNOWN_EVENTS;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::webhook_sender::Target;

const MIN_SECRET_LENGTH: usize = 32;
const FREQUENCY: &str = "webhook_notification_frequency";
const FREQUENCIES: [i64; 6] = [90, 60, 30, 7, 0, -7];

/// The checked body of "Create webhook" and "Update webhook endpoint". Unknown parameters are refused, so
/// that a misspelling in a client is noticed; the provider may ignore them.
#[derive(Debug)]
pub(super) struct WebhookRequest {
    pub(super) endpoint: Target,
    /// The new secret, if it changes; `Some(None)` removes it.
    pub(super) secret: Option<Option<SecretString>>,
    pub(super) events: Option<Vec<String>>,
    pub(super) settings: Option<Map<String, Value>>,
}

impl WebhookRequest {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let mut members = object(body)?;
        let endpoint = endpoint(members.remove("endpoint"))?;
        let secret = secret(members.remove("secret"))?;
        let events = members.remove("events").map(events).transpose()?;
        let settings = members.remove("webhook_settings").map(settings).transpose()?;
        match members.keys().next() {
            Some(unknown) => Err(Refusal::parameter(format!("{unknown} is not a parameter"))),
            None => Ok(Self { endpoint, secret, events, settings }),
        }
    }
}

pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::parameter("the body is not a JSON object"))
}

/// The endpoint is the one parameter that both pages require. A missing one gets the error of an invalid
/// one.
pub(super) fn endpoint(value: Option<Value>) -> Result<Target, Refusal> {
    let text = value.as_ref().and_then(Value::as_str);
    text.and_then(Target::parse).ok_or(Refusal::INVALID_ENDPOINT)
}

/// An absent secret leaves the current one, an empty one removes it.
pub(super) fn secret(value: Option<Value>) -> Result<Option<Option<SecretString>>, Refusal> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(Some(None)),
        Some(Value::String(text)) if text.chars().count() < MIN_SECRET_LENGTH => {
            Err(Refusal::parameter("secret must be at least 32 characters"))
        }
        Some(Value::String(text)) if HeaderValue::from_str(&text).is_ok() => {
            Ok(Some(Some(text.into())))
        }
        Some(_) => Err(Refusal::parameter("secret must be a string that fits into a header")),
    }
}

fn events(value: Value) -> Result<Vec<String>, Refusal> {
    let names: Vec<String> = serde_json::from_value(value)
        .map_err(|_| Refusal::parameter("events must be an array of strings"))?;
    match names.iter().find(|name| !KNOWN_EVENTS.contains(&name.as_str())) {
        Some(unknown) => Err(Refusal::parameter(format!("events: {unknown} is not an event"))),
        None => Ok(names),
    }
}

fn settings(value: Value) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(settings) = value else {
        return Err(Refusal::parameter("webhook_settings must be an object"));
    };
    for (name, value) in &settings {
        let is_good = match name.as_str() {
            FREQUENCY => is_frequency(value),
            "instant_issue_webhook_notification"
            | "webhook_send_certificate_chain"
            | "webhook_send_instant_issued_certificate_chain" => switch(value).is_some(),
            _ => return Err(Refusal::parameter(format!("{name} is not a webhook setting"))),
        };
        if !is_good {
            return Err(Refusal::parameter(format!("webhook_settings: {name} is not valid")));
        }
    }
    Ok(settings)
}

fn is_frequency(value: &Value) -> bool {
    let is_known = |day: &Value| day.as_i64().is_some_and(|day| FREQUENCIES.contains(&day));
    value.as_array().is_some_and(|days| !days.is_empty() && days.iter().all(is_known))
}

/// A switch is `"1"` on the page of the update, `true` on "Customize certificate issued events", and 1 in
/// notes of third parties.
pub(super) fn switch(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is_on) => Some(*is_on),
        Value::String(text) if text == "1" => Some(true),
        Value::String(text) if text == "0" => Some(false),
        Value::Number(number) if number.as_u64() == Some(1) => Some(true),
        Value::Number(number) if number.as_u64() == Some(0) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::WebhookRequest;
    use crate::digicert::refusal::Refusal;

    fn read(members: Value) -> Result<WebhookRequest, Refusal> {
        let mut body = json!({"endpoint": "https://webhook.example.com/"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        WebhookRequest::read(body.to_string().as_bytes())
    }

    #[test]
    fn documented_parameters_are_accepted() {
        for members in [
            json!({}),
            json!({"secret": ""}),
            json!({"secret": "k".repeat(32)}),
            json!({"events": ["certificate_issued", "order_approval_email_sent"]}),
            json!({"webhook_settings": {"instant_issue_webhook_notification": "1"}}),
            json!({"webhook_settings": {"webhook_send_certificate_chain": true}}),
            json!({"webhook_settings": {"webhook_send_instant_issued_certificate_chain": 0}}),
            json!({"webhook_settings": {"webhook_notification_frequency": [90, 0, -7]}}),
        ] {
            assert!(read(members.clone()).is_ok(), "{members}");
        }
    }

    #[test]
    fn other_parameters_are_refused_by_name() {
        for (members, named) in [
            (json!({"secret": "k".repeat(31)}), "secret"),
            (json!({"secret": null}), "secret"),
            (json!({"secret": "k\n".repeat(32)}), "secret"),
            (json!({"events": ["certificate_isued"]}), "certificate_isued"),
            (json!({"events": "certificate_issued"}), "events"),
            (json!({"event": []}), "event"),
            (json!({"webhook_settings": []}), "webhook_settings"),
            (json!({"webhook_settings": {"webhook_send_chain": "1"}}), "webhook_send_chain"),
            (
                json!({"webhook_settings": {"webhook_send_certificate_chain": "yes"}}),
                "webhook_send_certificate_chain",
            ),
            (
                json!({"webhook_settings": {"webhook_notification_frequency": [45]}}),
                "webhook_notification_frequency",
            ),
            (
                json!({"webhook_settings": {"webhook_notification_frequency": []}}),
                "webhook_notification_frequency",
            ),
        ] {
            match read(members) {
                Err(refusal) => assert!(format!("{refusal:?}").contains(named), "{refusal:?}"),
                other => panic!("{named}: {other:?}"),
            }
        }
        for endpoint in [json!("http://webhook.example.com/"), json!(5), json!(null)] {
            let refused = read(json!({"endpoint": endpoint})).unwrap_err();
            assert_eq!(refused, Refusal::INVALID_ENDPOINT);
        }
        assert!(WebhookRequest::read(b"{}").is_err() && WebhookRequest::read(b"[]").is_err());
    }
}
