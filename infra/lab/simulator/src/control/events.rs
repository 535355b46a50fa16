use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app_state::AppState;
use crate::cloudflare::CloudflareEvent;
use crate::digicert::DigicertEvent;
use crate::responses::{HandlerResult, bad_request};

pub(super) async fn digicert(State(state): State<AppState>, body: Bytes) -> HandlerResult {
    match serde_json::from_slice::<DigicertEvent>(&body) {
        Ok(event) => Ok(Json(event.send(&state.digicert).await?).into_response()),
        Err(error) => {
            let expected = r#"{"event": "certificate_issued", "data"?: {}, "instant"?: true}"#;
            Ok(bad_request(format!("events: expected {expected}: {error}")))
        }
    }
}

pub(super) async fn cloudflare(State(state): State<AppState>, body: Bytes) -> Response {
    let event = match serde_json::from_slice::<CloudflareEvent>(&body) {
        Ok(event) => event,
        Err(error) => {
            let expected = r#"{"account": "ID", "event": "issuance.succeeded"}"#;
            return bad_request(format!("events: expected {expected}: {error}"));
        }
    };
    match event.send(&state.cloudflare).await {
        Ok(sent) => (StatusCode::OK, Json(json!({"notifications": sent}))).into_response(),
        Err(error) => bad_request(format!("events: {error:#}")),
    }
}
