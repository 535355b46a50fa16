use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::app_state::AppState;
use crate::cloudflare::CloudflareEvent;
use crate::digicert::DigicertEvent;
use crate::responses::{HandlerResult, bad_request};

/// How far to advance the clock of the providers, which never goes back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

pub(super) async fn clock(State(state): State<AppState>) -> HandlerResult {
    Ok(Json(now(&state)?).into_response())
}

pub(super) async fn advance_clock(State(state): State<AppState>, body: Bytes) -> HandlerResult {
    match serde_json::from_slice::<Advance>(&body) {
        Ok(advance) => {
            state.shared.clock.advance(Duration::from_secs(advance.advance_seconds));
            Ok(Json(now(&state)?).into_response())
        }
        Err(error) => {
            Ok(bad_request(format!("clock: expected {{\"advance_seconds\": N}}: {error}")))
        }
    }
}

fn now(state: &AppState) -> Result<Value, time::error::Format> {
    Ok(json!({"now": state.shared.clock.now().format(&Rfc3339)?}))
}

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
