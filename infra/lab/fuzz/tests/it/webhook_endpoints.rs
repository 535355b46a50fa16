use data_encoding::BASE64;
use fuzz::webhook_endpoints::{SECRET, answers};
use http::{HeaderMap, HeaderValue};
use lambda::decode;
use proptest::prelude::*;
use providers::request::WebhookRequest;
use serde_json::{Map, Value, json};

use crate::strategies::{NOON, request, signature};

/// The statuses of every provider's endpoint: Digicert's, Cloudflare's, Meta's, ….
fn statuses(request: &WebhookRequest) -> Vec<u16> {
    answers(request).iter().map(|response| response.status().as_u16()).collect()
}

fn post(name: &'static str, value: &[u8], body: &[u8]) -> WebhookRequest {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_bytes(value).unwrap());
    WebhookRequest::post(headers, body.to_vec(), NOON)
}

/// The payload formats of API Gateway.
#[derive(Clone, Copy)]
enum Payload {
    V1,
    V2,
}

/// The event that API Gateway makes of the request; `None` if its headers or body cannot be JSON.
fn event(request: &WebhookRequest, payload: Payload, is_base64: bool) -> Option<String> {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        headers.insert(name.to_string(), value.to_str().ok()?.into());
    }
    let body: Value = match is_base64 {
        true => BASE64.encode(&request.body).into(),
        false => str::from_utf8(&request.body).ok()?.into(),
    };
    let method = request.method.as_str();
    let mut event = json!({ "headers": headers, "body": body, "isBase64Encoded": is_base64 });
    match payload {
        Payload::V1 => {
            event["httpMethod"] = method.into();
            event["requestContext"] = json!({ "httpMethod": method, "identity": {} });
            let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
            let mut query: Map<String, Value> = Map::new();
            for (name, value) in pairs {
                let list = query.entry(name).or_insert_with(|| json!([]));
                list.as_array_mut().unwrap().push(value.into());
            }
            event["multiValueQueryStringParameters"] = query.into();
        }
        Payload::V2 => {
            event["requestContext"] = json!({ "http": { "method": method } });
            event["rawQueryString"] = request.query.as_str().into();
        }
    }
    Some(event.to_string())
}

/// The secret with one character changed or inserted, a part of it, two of it, and unrelated values.
fn wrong_value(secret: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let at = 0..secret.len();
    let visible = || prop_oneof![0x21_u8..0x7f, 0x80_u8..=0xff];
    prop_oneof![
        (at.clone(), visible()).prop_map(move |(at, octet)| {
            let mut value = secret.as_bytes().to_vec();
            value[at] = octet;
            value
        }),
        (at.clone(), visible()).prop_map(move |(at, octet)| {
            let mut value = secret.as_bytes().to_vec();
            value.insert(at, octet);
            value
        }),
        at.prop_map(move |end| secret.as_bytes()[..end].to_vec()),
        prop::collection::vec(visible(), 0..80),
        Just(format!("{secret},{secret}").into_bytes()),
        Just(format!("{secret} {secret}").into_bytes()),
    ]
}

proptest! {
    /// No request leads to a 5xx status or a panic.
    #[test]
    fn any_request_is_answered(request in request()) {
        for status in statuses(&request) {
            prop_assert!(matches!(status, 200 | 400 | 401 | 403 | 405 | 413), "{}", status);
        }
    }

    /// The answer does not depend on the payload format of API Gateway.
    #[test]
    fn any_request_has_the_same_answer_through_lambda(request in request(), is_base64: bool) {
        let expected = statuses(&request);
        for payload in [Payload::V1, Payload::V2] {
            let Some(event) = event(&request, payload, is_base64) else { continue };
            // Of repeated headers, an event has the last one only.
            let is_repeated = request.headers.keys().any(|name| request.headers.get_all(name).iter().count() > 1);
            let decoded = decode(&event, NOON).unwrap();
            prop_assert_eq!(&decoded.body, &request.body);
            prop_assert!(is_repeated || statuses(&decoded) == expected, "{}", event);
        }
    }

    /// A text cannot be decoded, or every webhook endpoint answers the request.
    #[test]
    fn any_text_is_rejected_or_answered(text: String) {
        if let Ok(request) = decode(&text, NOON) {
            statuses(&request);
        }
    }

    #[test]
    fn only_the_right_key_is_accepted(value in wrong_value(SECRET), before in "[ \t]{0,3}", after in "[ \t]{0,3}") {
        let body = br#"{"event":"certificate_issued","data":{"certificate_id":1},"metadata":{"event":{"type":"x"}}}"#;
        for (endpoint, name) in [(0, "x-webhook-key"), (1, "cf-webhook-auth")] {
            let expected = if value == SECRET.as_bytes() { 200 } else { 401 };
            prop_assert_eq!(statuses(&post(name, &value, body))[endpoint], expected);
            let right = format!("{before}{SECRET}{after}");
            prop_assert_eq!(statuses(&post(name, right.as_bytes(), body))[endpoint], 200);
        }
    }

    #[test]
    fn only_the_right_signature_is_accepted(
        body: Vec<u8>,
        at: prop::sample::Index,
        octet in 0x21_u8..0x7f,
        before in "[ \t]{0,3}",
        after in "[ \t]{0,3}",
    ) {
        const NAME: &str = "x-hub-signature-256";
        let right = signature(&body);
        let status = |value: &[u8], body: &[u8]| statuses(&post(NAME, value, body))[2];
        // The request is authenticated; its status depends on the body.
        prop_assert_ne!(status(format!("{before}{right}{after}").as_bytes(), &body), 401);
        let mut other = right.clone().into_bytes();
        let at = at.index(other.len());
        other[at] = octet;
        let is_right = other.eq_ignore_ascii_case(right.as_bytes()) && other.starts_with(b"sha256=");
        prop_assert_eq!(status(&other, &body) == 401, !is_right);
        prop_assert_eq!(status(right.as_bytes(), &[&body[..], b" "].concat()), 401);
        prop_assert_eq!(status(&right.as_bytes()[..at], &body), 401);
    }
}
