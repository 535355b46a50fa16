use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::fault::Rule;
use crate::provider::AppState;
use crate::responses::bad_request;

/// The control paths: faults and requests, as [`Simulator`](crate::Simulator) has them in process. The routes
/// for events are those of the provider. Requests to them are neither recorded nor subject to faults.
pub(crate) fn routes(state: AppState) -> Router {
    Router::new()
        .route("/_simulator/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/_simulator/requests", get(requests).delete(clear_requests))
        .route("/_simulator/roots.pem", get(roots))
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

async fn roots(State(state): State<AppState>) -> String {
    state.shared.authority.roots()
}

async fn requests(State(state): State<AppState>) -> Json<Value> {
    let requests = &state.shared.requests;
    Json(json!({
        "total": requests.total(),
        "requests": requests.recent(),
    }))
}

async fn clear_requests(State(state): State<AppState>) -> StatusCode {
    state.shared.requests.clear();
    StatusCode::NO_CONTENT
}
