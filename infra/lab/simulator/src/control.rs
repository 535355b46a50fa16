use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::put;

use crate::fault::Rule;
use crate::provider::AppState;
use crate::responses::bad_request;

/// What every control path begins with.
pub(crate) const CONTROL: &str = "/_simulator/";

/// The control paths of faults. Those of events are among the routes of the provider. Requests to control paths
/// are neither recorded nor subject to faults. [`Simulator`](crate::Simulator) has more, in process.
pub(crate) fn routes(state: AppState) -> Router {
    Router::new()
        .route("/_simulator/faults", put(set_faults).delete(clear_faults))
        .with_state(state)
}

async fn set_faults(State(state): State<AppState>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Rule>>(&body) {
        Ok(rules) => {
            state.shared.faults.set(rules);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => bad_request(format!("faults: expected a JSON list of rules: {error}")),
    }
}

async fn clear_faults(State(state): State<AppState>) -> StatusCode {
    state.shared.faults.clear();
    StatusCode::NO_CONTENT
}
