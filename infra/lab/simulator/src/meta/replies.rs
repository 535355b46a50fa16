use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::answers::{self, server_error, with_retry_after};
use crate::fault::Fault;

const TRACE: &str = "EJplcsCHuLu";

pub(crate) fn failure(fault: &Fault) -> Option<Response> {
    match fault {
        // Code 4 was observed with 403; the status is weak evidence at Graph.
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let body = oauth_error(4, "(#4) Application request limit reached", true);
            let response = answers::json(status.unwrap_or(StatusCode::FORBIDDEN), body);
            Some(with_retry_after(with_usage(response, 100), *retry_after))
        }
        Fault::ServerError { status } => {
            let body = oauth_error(2, "Service temporarily unavailable", true);
            Some(server_error(*status, body))
        }
        Fault::KeyRefused => Some(token_refused()),
        Fault::MissingPermission => {
            let message = "(#10) Application does not have permission for this action";
            Some(answers::json(StatusCode::FORBIDDEN, oauth_error(10, message, false)))
        }
        Fault::Retired => Some(unknown_object("certificates")),
        _ => None,
    }
}

/// Code 100, subcode 33: what is unknown, not allowed, or retired.
pub(crate) fn unknown_object(path: &str) -> Response {
    unsupported("get", path)
}

pub(super) fn unsupported(method: &str, path: &str) -> Response {
    let id = path.trim_start_matches('/');
    let message = format!(
        "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to \
         missing permissions, or does not support this operation. Please read the Graph API \
         documentation at https://developers.facebook.com/docs/graph-api"
    );
    let error = json!({
        "message": message,
        "type": "GraphMethodException",
        "code": 100,
        "error_subcode": 33,
        "fbtrace_id": TRACE,
    });
    answers::json(StatusCode::BAD_REQUEST, json!({"error": error}))
}

pub(super) fn token_refused() -> Response {
    let message = "Error validating access token: The session is invalid.";
    let mut body = oauth_error(190, message, false);
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("error_subcode".to_owned(), json!(460));
    }
    answers::json(StatusCode::BAD_REQUEST, body)
}

pub(super) fn bad_parameter(message: &str) -> Response {
    let message = format!("(#100) {message}");
    answers::json(StatusCode::BAD_REQUEST, oauth_error(100, &message, false))
}

/// The handshake of a subscription failed.
pub(super) fn callback_failed(message: &str) -> Response {
    let message = format!("(#2200) Callback verification failed: {message}");
    answers::json(StatusCode::BAD_REQUEST, oauth_error(2200, &message, false))
}

fn oauth_error(code: u32, message: &str, is_transient: bool) -> Value {
    json!({"error": {
        "message": message,
        "type": "OAuthException",
        "is_transient": is_transient,
        "code": code,
        "fbtrace_id": TRACE,
    }})
}

pub(super) fn found(body: Value) -> Response {
    with_usage(answers::json(StatusCode::OK, body), 28)
}

/// Percentages of the app's budget over a rolling hour.
fn with_usage(mut response: Response, call_count: u8) -> Response {
    const USAGE: HeaderName = HeaderName::from_static("x-app-usage");
    let usage = format!(r#"{{"call_count":{call_count},"total_time":25,"total_cputime":25}}"#);
    if let Ok(usage) = HeaderValue::from_str(&usage) {
        response.headers_mut().insert(USAGE, usage);
    }
    response
}
