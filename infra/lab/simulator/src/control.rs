mod sending;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answers;
use crate::fault::Rule;
use crate::world::World;

/// The operator's side, over HTTP what [`Simulator`](crate::Simulator) offers in process. The
/// requests that come here are neither recorded nor failed.
pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/_simulator/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/_simulator/requests", get(requests).delete(clear_requests))
        .route("/_simulator/delay", get(delay).put(set_delay))
        .route("/_simulator/hostnames", put(name_hostnames))
        .route("/_simulator/clock", get(sending::clock).post(sending::advance_clock))
        .route("/_simulator/digicert/events", post(sending::digicert))
        .route("/_simulator/cloudflare/events", post(sending::cloudflare))
}

async fn faults(State(world): State<Arc<World>>) -> Json<Vec<Rule>> {
    Json(world.faults.list())
}

async fn set_faults(State(world): State<Arc<World>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Rule>>(&body) {
        Ok(rules) => {
            world.faults.set(rules);
            Json(world.faults.list()).into_response()
        }
        Err(error) => refused(format!("faults: expected a JSON list of rules: {error}")),
    }
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.faults.clear();
    StatusCode::NO_CONTENT
}

async fn requests(State(world): State<Arc<World>>) -> Json<Value> {
    let requests = &world.requests;
    Json(json!({
        "total": requests.total(),
        "counts": requests.counts(),
        "requests": requests.recent(),
    }))
}

async fn clear_requests(State(world): State<Arc<World>>) -> StatusCode {
    world.requests.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    millis: u64,
}

async fn delay(State(world): State<Arc<World>>) -> Json<Delay> {
    Json(Delay { millis: u64::try_from(world.delay().as_millis()).unwrap_or(u64::MAX) })
}

async fn set_delay(State(world): State<Arc<World>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Delay>(&body) {
        Ok(delay) => {
            world.delay_by(Duration::from_millis(delay.millis));
            Json(delay).into_response()
        }
        Err(error) => refused(format!("delay: expected {{\"millis\": N}}: {error}")),
    }
}

async fn name_hostnames(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let named = match serde_json::from_slice::<BTreeMap<String, String>>(&body) {
        Ok(named) => named,
        Err(error) => return refused(format!("hostnames: expected {{\"id\": \"name\"}}: {error}")),
    };
    match world.name_hostnames(&named) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(format!("{error:#}")),
    }
}

fn refused(error: String) -> Response {
    answers::json(StatusCode::BAD_REQUEST, json!({"error": error}))
}
