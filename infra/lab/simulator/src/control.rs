mod events;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app_state::AppState;
use crate::fault::Rule;
use crate::responses::bad_request;

/// The control paths: over HTTP, what [`Simulator`](crate::Simulator) offers in process. Their requests are
/// neither recorded nor subject to faults.
pub(crate) fn routes(state: AppState) -> Router {
    Router::new()
        .route("/_simulator/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/_simulator/requests", get(requests).delete(clear_requests))
        .route("/_simulator/delay", get(delay).put(set_delay))
        .route("/_simulator/hostnames", put(set_hostnames))
        .route("/_simulator/clock", get(events::clock).post(events::advance_clock))
        .route("/_simulator/digicert/events", post(events::digicert))
        .route("/_simulator/cloudflare/events", post(events::cloudflare))
        .with_state(state)
}

async fn faults(State(state): State<AppState>) -> Json<Vec<Rule>> {
    Json(state.shared.faults.list())
}

async fn set_faults(State(state): State<AppState>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Rule>>(&body) {
        Ok(rules) => {
            state.shared.faults.set(rules);
            Json(state.shared.faults.list()).into_response()
        }
        Err(error) => bad_request(format!("faults: expected a JSON list of rules: {error}")),
    }
}

async fn clear_faults(State(state): State<AppState>) -> StatusCode {
    state.shared.faults.clear();
    StatusCode::NO_CONTENT
}

async fn requests(State(state): State<AppState>) -> Json<Value> {
    let requests = &state.shared.requests;
    Json(json!({
        "total": requests.total(),
        "counts": requests.counts(),
        "requests": requests.recent(),
    }))
}

async fn clear_requests(State(state): State<AppState>) -> StatusCode {
    state.shared.requests.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    millis: u64,
}

async fn delay(State(state): State<AppState>) -> Json<Delay> {
    Json(Delay { millis: u64::try_from(state.shared.delay().as_millis()).unwrap_or(u64::MAX) })
}

async fn set_delay(State(state): State<AppState>, body: Bytes) -> Response {
    match serde_json::from_slice::<Delay>(&body) {
        Ok(delay) => {
            state.shared.delay_by(Duration::from_millis(delay.millis));
            Json(delay).into_response()
        }
        Err(error) => bad_request(format!("delay: expected {{\"millis\": N}}: {error}")),
    }
}

async fn set_hostnames(State(state): State<AppState>, body: Bytes) -> Response {
    let hostnames = match serde_json::from_slice::<BTreeMap<String, String>>(&body) {
        Ok(hostnames) => hostnames,
        Err(error) => {
            return bad_request(format!("hostnames: expected {{\"id\": \"name\"}}: {error}"));
        }
    };
    match state.cloudflare.set_hostnames(&hostnames) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => bad_request(format!("{error:#}")),
    }
}
