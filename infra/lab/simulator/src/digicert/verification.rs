use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::sending;
use super::state::DigicertState;
use super::webhook_request::{endpoint, object, secret};
use crate::random;
use crate::responses::{HandlerResult, members};

/// "Send test event". The key comes from the request and not from the webhook.
pub(super) async fn test_endpoint(
    State(state): State<Arc<DigicertState>>,
    body: Bytes,
) -> HandlerResult<StatusCode> {
    let mut members = object(&body)?;
    let endpoint = endpoint(members.remove("endpoint"))?;
    let key = secret(members.remove("secret"))?.apply(None);
    sending::send_test(&state, &endpoint, key.as_ref()).await?;
    Ok(StatusCode::OK)
}

/// The response is 204 whatever the endpoint answered, since `not_found|webhook` is the one documented
/// error. The event log has the answer of the endpoint.
pub(super) async fn send_challenge(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    let token = random::hex::<16>()?;
    let now = state.shared.clock.now();
    let (number, endpoint, key) = {
        let mut account = state.account();
        let webhook = account.find(&id)?;
        webhook.challenge(token.as_str().into(), now);
        (webhook.id, webhook.endpoint.clone(), webhook.secret.clone())
    };
    let data = members(json!({"token": token, "webhook_id": number}));
    sending::send(&state, &endpoint, key.as_ref(), sending::CHALLENGE, Some(&data)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn check_challenge(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
    body: Bytes,
) -> HandlerResult<StatusCode> {
    let token = object(&body)?.remove("token");
    let token = token.as_ref().and_then(Value::as_str).unwrap_or_default();
    let now = state.shared.clock.now();
    state.account().find(&id)?.verify(token, now)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn activate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    state.account().find(&id)?.activate()?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn deactivate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    state.account().find(&id)?.deactivate()?;
    Ok(StatusCode::NO_CONTENT)
}
