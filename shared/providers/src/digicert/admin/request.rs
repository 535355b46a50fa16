use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::parameters::Parameters;
use crate::api::Request;
use crate::sent_secret::SentSecret;

/// "List webhooks". An account has at most one.
pub fn list() -> Request {
    request(Method::GET, &[])
}

/// "Create webhook".
pub fn create(parameters: &Parameters) -> Request {
    request(Method::POST, &[]).with(&parameters.body()).with_endpoint()
}

/// "Update webhook endpoint". What the parameters leave out stays as it is.
pub fn update(id: u64, parameters: &Parameters) -> Request {
    of(Method::PUT, id, None).with(&parameters.body()).with_endpoint()
}

/// "Send test event". With a `key`, the event carries it.
pub fn test_endpoint(endpoint: &str, key: Option<&SentSecret>) -> Request {
    let mut body = json!({ "endpoint": endpoint });
    if let Some(key) = key {
        body["secret"] = key.expose().into();
    }
    request(Method::POST, &["test-endpoint"]).with(&body).with_endpoint()
}

/// "Send challenge token". The endpoint receives a token that is valid for 30 minutes.
pub fn send_challenge(id: u64) -> Request {
    of(Method::PUT, id, Some("send-challenge")).with_endpoint()
}

/// "Verify challenge token".
pub fn check_challenge(id: u64, token: &SecretString) -> Request {
    of(Method::PUT, id, Some("check-challenge")).with(&json!({ "token": token.expose_secret() }))
}

/// "Activate webhook".
pub fn activate(id: u64) -> Request {
    of(Method::PUT, id, Some("activate"))
}

/// "Deactivate webhook".
pub fn deactivate(id: u64) -> Request {
    of(Method::PUT, id, Some("deactivate"))
}

/// Deletes the webhook. No page describes this call; a public client makes it.
pub fn delete(id: u64) -> Request {
    of(Method::DELETE, id, None)
}

/// "Webhook event logs". A page of the log has 1000 entries, the most that CertCentral allows.
/// Without an id, the path is the one on an older copy of the documentation.
pub fn event_logs(id: Option<u64>, offset: usize) -> Request {
    let logs = match id {
        Some(id) => of(Method::GET, id, Some("event-logs")),
        None => request(Method::GET, &["event-logs"]),
    };
    let query = vec![("offset", offset.to_string()), ("limit", "1000".to_owned())];
    Request { query, ..logs }
}

fn of(method: Method, id: u64, action: Option<&str>) -> Request {
    let id = id.to_string();
    let below: Vec<&str> = std::iter::once(id.as_str()).chain(action).collect();
    request(method, &below)
}

fn request(method: Method, below: &[&str]) -> Request {
    Request::new(method, std::iter::once("webhook").chain(below.iter().copied()))
}
