use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::refusal::{HandlerError, Refusal};
use super::state::DigicertState;
use super::webhook_request::{endpoint, object, secret};
use super::{sending, webhook::Webhook};
use crate::random;

/// "Send test event". The key comes from the request and not from the webhook.
pub(super) async fn test_endpoint(
    State(state): State<Arc<DigicertState>>,
    body: Bytes,
) -> Result<StatusCode, HandlerError> {
    let mut members = object(&body)?;
    let endpoint = endpoint(members.remove("endpoint"))?;
    let key = secret(members.remove("secret"))?.apply(None);
    sending::send_test(&state, &endpoint, key.as_ref()).await??;
    Ok(StatusCode::OK)
}

/// The response is 204 whatever the endpoint answered, since `not_found|webhook` is the one documented
/// error. The event log has the answer of the endpoint.
pub(super) async fn send_challenge(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> Result<StatusCode, HandlerError> {
    let token = random::hex::<16>()?;
    let now = state.shared.clock.now();
    let (number, endpoint, key) = state.with_webhook(&id, |webhook| {
        webhook.challenge(token.as_str().into(), now);
        Ok((webhook.id, webhook.endpoint.clone(), webhook.secret.clone()))
    })?;
    let data = challenge(&token, number);
    sending::send(&state, &endpoint, key.as_ref(), sending::CHALLENGE, Some(&data)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn challenge(token: &str, webhook: u64) -> Map<String, Value> {
    Map::from_iter([("token".to_owned(), json!(token)), ("webhook_id".to_owned(), json!(webhook))])
}

pub(super) async fn check_challenge(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, HandlerError> {
    let token = object(&body)?.remove("token");
    let now = state.shared.clock.now();
    act(&state, &id, |webhook| {
        let token = token.as_ref().and_then(Value::as_str).ok_or(Refusal::InvalidToken)?;
        webhook.verify(token, now)
    })
}

pub(super) async fn activate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> Result<StatusCode, HandlerError> {
    act(&state, &id, Webhook::activate)
}

pub(super) async fn deactivate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> Result<StatusCode, HandlerError> {
    act(&state, &id, Webhook::deactivate)
}

fn act(
    state: &DigicertState,
    id: &str,
    action: impl FnOnce(&mut Webhook) -> Result<(), Refusal>,
) -> Result<StatusCode, HandlerError> {
    state.with_webhook(id, action)?;
    Ok(StatusCode::NO_CONTENT)
}
