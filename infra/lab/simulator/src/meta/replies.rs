use std::fmt::Display;

use axum::extract::{Query, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::certificates::Parameters;
use crate::api_key::{bearer, is_expected};
use crate::fault::Fault;
use crate::provider::Settings;
use crate::responses::{self, Refused, server_error, with_retry_after};

const TRACE: &str = "EJplcsCHuLu";

/// Checks the access token. The live API refuses requests to the retired product before it checks the token,
/// so the token is not checked then.
pub(crate) fn key_refusal(settings: &Settings, request: &Request) -> Option<Response> {
    let query = Query::<Parameters>::try_from_uri(request.uri()).ok();
    let token = query.as_ref().and_then(|query| query.get("access_token"));
    let token = token.map(String::as_str).or_else(|| bearer(request.headers()));
    (!settings.retired && !is_expected(&settings.meta_access_token, token)).then(token_refused)
}

/// The error response for a fault that Graph has one for.
pub(crate) fn error_response(fault: &Fault) -> Option<Response> {
    match fault {
        // Code 4 was observed with 403. At Graph, clients must not rely on the status.
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let body = oauth_error(4, "(#4) Application request limit reached", true);
            let response = responses::json(status.unwrap_or(StatusCode::FORBIDDEN), body);
            Some(with_retry_after(with_usage(response, 100), *retry_after))
        }
        Fault::ServerError { status } => {
            let body = oauth_error(2, "Service temporarily unavailable", true);
            Some(server_error(*status, body))
        }
        Fault::KeyRefused => Some(token_refused()),
        Fault::MissingPermission => {
            let message = "(#10) Application does not have permission for this action";
            Some(responses::json(StatusCode::FORBIDDEN, oauth_error(10, message, false)))
        }
        _ => None,
    }
}

/// Code 100, subcode 33: the object is unknown, not allowed, or retired.
pub(crate) fn unknown_object(path: &str) -> Response {
    unsupported(&Method::GET, path)
}

pub(super) fn unsupported(method: &Method, path: &str) -> Response {
    let (method, id) = (method.as_str().to_lowercase(), path.trim_start_matches('/'));
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
    responses::json(StatusCode::BAD_REQUEST, json!({"error": error}))
}

pub(super) fn token_refused() -> Response {
    let message = "Error validating access token: The session is invalid.";
    let mut body = oauth_error(190, message, false);
    body["error"]["error_subcode"] = json!(460);
    responses::json(StatusCode::BAD_REQUEST, body)
}

pub(super) fn bad_parameter(message: impl Display) -> Refused {
    let message = format!("(#100) {message}");
    Refused(StatusCode::BAD_REQUEST, oauth_error(100, &message, false))
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
    with_usage(responses::json(StatusCode::OK, body), 28)
}

/// Adds the usage of the app's rate limit over a rolling hour, in per cent.
fn with_usage(mut response: Response, call_count: u8) -> Response {
    const USAGE: HeaderName = HeaderName::from_static("x-app-usage");
    let usage = format!(r#"{{"call_count":{call_count},"total_time":25,"total_cputime":25}}"#);
    if let Ok(usage) = HeaderValue::from_str(&usage) {
        response.headers_mut().insert(USAGE, usage);
    }
    response
}
