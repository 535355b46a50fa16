use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use serde_json::json;

use super::event_log::LogQuery;
use super::refusal::Refusal;
use super::state::DigicertState;
use super::webhook::Webhook;
use super::webhook_request::WebhookRequest;
use super::{sending, verification};
use crate::responses::{self, HandlerResult};

pub(super) fn routes() -> Router<Arc<DigicertState>> {
    Router::new()
        .route("/services/v2/webhook", get(list).post(create))
        .route("/services/v2/webhook/{id}", get(show).put(update).delete(delete))
        .route("/services/v2/webhook/test-endpoint", post(verification::test_endpoint))
        .route("/services/v2/webhook/{id}/send-challenge", put(verification::send_challenge))
        .route("/services/v2/webhook/{id}/check-challenge", put(verification::check_challenge))
        .route("/services/v2/webhook/{id}/activate", put(verification::activate))
        .route("/services/v2/webhook/{id}/deactivate", put(verification::deactivate))
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

async fn event_log_of_webhook(
    State(state): State<Arc<DigicertState>>,
    Path(id): Path<String>,
    parameters: Query<HashMap<String, String>>,
) -> HandlerResult {
    state.account().find(&id)?;
    log_page(&state, parameters.0)
}

/// The path of an older version of the page.
async fn event_log_of_account(
    State(state): State<Arc<DigicertState>>,
    parameters: Query<HashMap<String, String>>,
) -> HandlerResult {
    log_page(&state, parameters.0)
}

fn log_page(state: &DigicertState, parameters: HashMap<String, String>) -> HandlerResult {
    let settings = &state.shared.settings;
    let mut query = LogQuery::parse(parameters)?;
    query.limit = query.limit.min(settings.digicert_log_page);
    query.is_newest_first = settings.digicert_log_newest_first;
    let page = state.account().log.page(&query)?;
    Ok(responses::json(StatusCode::OK, page))
}

/// Sends a test event to the endpoint. That a creation or an update can fail with
/// `webhook_endpoint_error` shows that CertCentral does this. Whether it carries the webhook's secret is
/// not documented; here it does not.
async fn probe(state: &DigicertState, request: &WebhookRequest) -> HandlerResult<()> {
    sending::send_test(state, &request.endpoint, None).await
}
