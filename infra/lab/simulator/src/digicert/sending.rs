use axum::http::HeaderName;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::event_log::Entry;
use super::refusal::Refusal;
use crate::courier::Target;
use crate::world::World;

pub(super) const TEST: &str = "test_webhook_endpoint";
pub(super) const CHALLENGE: &str = "challenge_webhook_endpoint";
const KEY: HeaderName = HeaderName::from_static("x-webhook-key");

#[derive(Serialize)]
struct Body<'a> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Map<String, Value>>,
}

/// Sends an event and logs it. The answer's code; `None` without an answer in time.
pub(super) async fn send(
    world: &World,
    endpoint: &Target,
    key: Option<&SecretString>,
    event: &str,
    data: Option<&Map<String, Value>>,
) -> anyhow::Result<Option<u16>> {
    let body = serde_json::to_string(&Body { event, data })?;
    let sent = world.clock.now();
    let answered = world.courier.post(endpoint, key.map(|key| (KEY, key)), body).await;
    let code = answered.map(|answered| answered.code);
    world.certcentral.kept().log.add(Entry {
        event: event.to_owned(),
        // The token stays out of the log.
        data: data.filter(|_| event != CHALLENGE).cloned(),
        sent,
        answered: code.map(|code| (code, world.clock.now())),
    });
    Ok(code)
}

/// "Your endpoint should respond to the test event with an HTTP status code of 200 OK."
pub(super) async fn test(
    world: &World,
    endpoint: &Target,
    key: Option<&SecretString>,
) -> anyhow::Result<Result<(), Refusal>> {
    let code = send(world, endpoint, key, TEST, None).await?;
    Ok(if code == Some(200) { Ok(()) } else { Err(Refusal::EndpointError) })
}
