use axum::http::HeaderName;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::event_log::Entry;
use super::refusal::Refusal;
use super::state::DigicertState;
use crate::responses::HandlerResult;
use crate::webhook_sender::Target;

pub(super) const TEST: &str = "test_webhook_endpoint";
pub(super) const CHALLENGE: &str = "challenge_webhook_endpoint";
const KEY: HeaderName = HeaderName::from_static("x-webhook-key");

/// The body of an event.
#[derive(Serialize)]
struct Body<'a> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Map<String, Value>>,
}

/// Sends an event and logs it. Returns the status code of the response; `None` without a response in time.
pub(super) async fn send(
    state: &DigicertState,
    endpoint: &Target,
    key: Option<&SecretString>,
    event: &str,
    data: Option<&Map<String, Value>>,
) -> anyhow::Result<Option<u16>> {
    let body = serde_json::to_string(&Body { event, data })?;
    let sent = state.shared.clock.now();
    let code = state.shared.webhook_sender.post(endpoint, key.map(|key| (KEY, key)), body).await;
    state.account().log.add(Entry {
        event: event.to_owned(),
        // The token stays out of the log.
        data: data.filter(|_| event != CHALLENGE).cloned(),
        sent,
        response: code.map(|code| (code, state.shared.clock.now())),
    });
    Ok(code)
}

/// "Your endpoint should respond to the test event with an HTTP status code of 200 OK."
pub(super) async fn send_test(
    state: &DigicertState,
    endpoint: &Target,
    key: Option<&SecretString>,
) -> HandlerResult<()> {
    match send(state, endpoint, key, TEST, None).await? {
        Some(200) => Ok(()),
        _ => Err(Refusal::ENDPOINT_ERROR.into()),
    }
}
