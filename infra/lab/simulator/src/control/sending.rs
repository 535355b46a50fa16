use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::refused;
use crate::answers::Handled;
use crate::cloudflare::CloudflareEvent;
use crate::digicert::DigicertEvent;
use crate::world::World;

/// A step forward: the providers' clock never goes back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    advance_seconds: u64,
}

pub(super) async fn clock(State(world): State<Arc<World>>) -> Handled {
    Ok(Json(now(&world)?).into_response())
}

pub(super) async fn advance_clock(State(world): State<Arc<World>>, body: Bytes) -> Handled {
    match serde_json::from_slice::<Step>(&body) {
        Ok(step) => {
            world.clock.advance(Duration::from_secs(step.advance_seconds));
            Ok(Json(now(&world)?).into_response())
        }
        Err(error) => Ok(refused(format!("clock: expected {{\"advance_seconds\": N}}: {error}"))),
    }
}

fn now(world: &World) -> Result<Value, time::error::Format> {
    Ok(json!({"now": world.clock.now().format(&Rfc3339)?}))
}

pub(super) async fn digicert(State(world): State<Arc<World>>, body: Bytes) -> Handled {
    match serde_json::from_slice::<DigicertEvent>(&body) {
        Ok(event) => Ok(Json(event.happen(&world).await?).into_response()),
        Err(error) => {
            let expected = r#"{"event": "certificate_issued", "data"?: {}, "instant"?: true}"#;
            Ok(refused(format!("events: expected {expected}: {error}")))
        }
    }
}

pub(super) async fn cloudflare(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let event = match serde_json::from_slice::<CloudflareEvent>(&body) {
        Ok(event) => event,
        Err(error) => {
            let expected = r#"{"account": "ID", "event": "issuance.succeeded"}"#;
            return refused(format!("events: expected {expected}: {error}"));
        }
    };
    match event.happen(&world).await {
        Ok(sent) => (StatusCode::OK, Json(json!({"notifications": sent}))).into_response(),
        Err(error) => refused(format!("events: {error:#}")),
    }
}
