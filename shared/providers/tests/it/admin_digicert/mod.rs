//! The management of CertCentral's webhook: its calls, and its answers, documented and not.

mod answers;
mod requests;

use providers::api::{Answer, Request};
use providers::digicert::DigicertReceiver;
use providers::sent_secret::SentSecret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

const ENDPOINT: &str = "https://webhook.example.com/endpoint";
const KEY: &str = "0123456789abcdef0123456789abcdef";

fn endpoint() -> String {
    ENDPOINT.to_owned()
}

fn key() -> SentSecret {
    SentSecret::of::<DigicertReceiver>(&SecretString::from(KEY)).unwrap()
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

fn body(request: &Request) -> Value {
    let body = request.body.as_ref().map(|body| body.expose_secret());
    body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap())
}
