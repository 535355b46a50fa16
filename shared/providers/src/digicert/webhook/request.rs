use std::time::Duration;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::parameters::{Endpoint, Key, Parameters};

/// A call below the configured base. Segments are percent-encoded one by one when the address is
/// built.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    /// JSON; secret, since it may hold the webhook's key or a token.
    pub body: Option<SecretString>,
    /// How long its answer may take.
    pub patience: Duration,
}

const PATIENCE: Duration = Duration::from_secs(10);
/// CertCentral gives an endpoint 10 s (CertCentral webhooks, "Troubleshoot"), and answers only then
/// where it asks the endpoint first.
const PATIENCE_WITH_ENDPOINT: Duration = Duration::from_secs(25);

/// The webhooks of the account: there can be one ("List webhooks").
pub fn list() -> Request {
    request(Method::GET, &[])
}

/// "Create webhook".
pub fn create(parameters: &Parameters) -> Request {
    with_endpoint(request(Method::POST, &[]).with(&parameters.body()))
}

/// "Update webhook endpoint": what the parameters leave out stays as it is.
pub fn update(id: u64, parameters: &Parameters) -> Request {
    with_endpoint(of(Method::PUT, id, None).with(&parameters.body()))
}

/// "Send test event": with `key`, the event carries it.
pub fn test_endpoint(endpoint: &Endpoint, key: Option<&Key>) -> Request {
    let mut body = json!({ "endpoint": endpoint.as_str() });
    if let Some(key) = key {
        body["secret"] = key.expose().into();
    }
    with_endpoint(request(Method::POST, &["test-endpoint"]).with(&body))
}

/// "Send challenge token": the endpoint gets a token that is good for 30 minutes.
pub fn send_challenge(id: u64) -> Request {
    with_endpoint(of(Method::PUT, id, Some("send-challenge")))
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

/// No page describes it; a published client calls it.
pub fn delete(id: u64) -> Request {
    of(Method::DELETE, id, None)
}

/// "Webhook event logs"; a page has 1000 entries. Without an id: the address on an older copy of the
/// page.
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
    let segments = std::iter::once(&"webhook").chain(below).map(|&segment| segment.to_owned());
    Request {
        method,
        segments: segments.collect(),
        query: Vec::new(),
        body: None,
        patience: PATIENCE,
    }
}

fn with_endpoint(request: Request) -> Request {
    Request { patience: PATIENCE_WITH_ENDPOINT, ..request }
}

impl Request {
    /// The secrets in its body, to see that no text quotes them.
    pub fn secrets(&self) -> Vec<String> {
        let body = self.body.as_ref().map(|body| body.expose_secret());
        let body: Value = body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let secrets = ["secret", "token"].into_iter().filter_map(|name| body[name].as_str());
        secrets.map(str::to_owned).collect()
    }

    fn with(self, body: &Value) -> Self {
        Self { body: Some(body.to_string().into()), ..self }
    }
}
