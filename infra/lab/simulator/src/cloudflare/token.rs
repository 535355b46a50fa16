use axum::response::Response;
use serde_json::json;

use super::replies::found;

/// "Verify Token". A request with a wrong token never comes here.
pub(super) async fn verify() -> Response {
    found(json!({"id": "ed17574386854bf78a67040be0a770b0", "status": "active"}))
}
