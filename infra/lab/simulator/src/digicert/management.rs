use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::event_log::LogQuery;
use super::refusal::Refusal;
use super::sending;
use super::state::DigicertState;
use super::webhook::Webhook;
use super::webhook_request::{WebhookRequest, endpoint, object, secret};
use crate::random;
use crate::responses::{self, HandlerResult, members};

pub(super) fn routes() -> Router<Arc<DigicertState>> {
    Router::new()
        .route("/services/v2/webhook", get(list).post(create))
        .route("/services/v2/webhook/{id}", get(show).put(update).delete(delete))
        .route("/services/v2/webhook/test-endpoint", post(test_endpoint))
        .route("/services/v2/webhook/{id}/send-challenge", put(send_challenge))
        .route("/services/v2/webhook/{id}/check-challenge", put(check_challenge))
        .route("/services/v2/webhook/{id}/activate", put(activate))
        .route("/services/v2/webhook/{id}/deactivate", put(deactivate))
        .route("/services/v2/webhook/{id}/event-logs", get(event_log_of_webhook))
        .route("/services/v2/webhook/event-logs", get(event_log_of_account))
}

async fn list(State(state): State<Arc<DigicertState>>) -> HandlerResult {
    let account = state.account();
    let webhook = account.webhook.as_ref().ok_or(Refusal::INVALID_ACCOUNT)?;
    Ok(responses::json(StatusCode::OK, json!({"webhooks": [webhook.document()]})))
}

async fn create(State(state): State<Arc<DigicertState>>, body: Bytes) -> HandlerResult {
    let request = WebhookRequest::read(&body)?;
    state.account().ensure_no_webhook()?;
    probe(&state, &request).await?;
    let mut account = state.account();
    account.ensure_no_webhook()?;
    let id = account.next_id();
    account.webhook = Some(Webhook::new(id, request));
    Ok(responses::json(StatusCode::CREATED, json!({"webhook_id": id})))
}

/// No page documents this one; it returns the object of the list.
async fn show(State(state): State<Arc<DigicertState>>, Path(id): Path<String>) -> HandlerResult {
    Ok(responses::json(StatusCode::OK, state.account().find(&id)?.document()))
}

async fn update(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
    body: Bytes,
) -> HandlerResult<StatusCode> {
    state.account().find(&id)?;
    let request = WebhookRequest::read(&body)?;
    probe(&state, &request).await?;
    state.account().find(&id)?.update(request);
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    let mut account = state.account();
    account.find(&id)?;
    account.webhook = None;
    Ok(StatusCode::NO_CONTENT)
}

/// "Send test event". The key comes from the request and not from the webhook.
async fn test_endpoint(
    State(state): State<Arc<DigicertState>>,
    body: Bytes,
) -> HandlerResult<StatusCode> {
    let mut members = object(&body)?;
    let endpoint = endpoint(members.remove("endpoint"))?;
    let key = secret(members.remove("secret"))?.flatten();
    sending::send_test(&state, &endpoint, key.as_ref()).await?;
    Ok(StatusCode::OK)
}

/// The response is 204 whatever the endpoint answered, since `not_found|webhook` is the one documented
/// error. The event log has the answer of the endpoint.
async fn send_challenge(
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

async fn check_challenge(
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

async fn activate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    state.account().find(&id)?.activate()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deactivate(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
) -> HandlerResult<StatusCode> {
    state.account().find(&id)?.deactivate()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn event_log_of_webhook(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
    uri: Uri,
) -> HandlerResult {
    state.account().find(&id)?;
    event_log_of_account(State(state), uri).await
}

/// The path of an older version of the page.
async fn event_log_of_account(State(state): State<Arc<DigicertState>>, uri: Uri) -> HandlerResult {
    let query = LogQuery::of(&uri)?;
    let page = state.account().log.page(&query, &state.shared.settings)?;
    Ok(responses::json(StatusCode::OK, page))
}

/// Sends a test event to the endpoint. That a creation or an update can fail with
/// `webhook_endpoint_error` shows that CertCentral does this. Whether it carries the webhook's secret is
/// not documented; here it does not.
async fn probe(state: &DigicertState, request: &WebhookRequest) -> HandlerResult<()> {
    sending::send_test(state, &request.endpoint, None).await
}
