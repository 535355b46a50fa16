use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::api_key::{bearer, is_expected};
use crate::fault::Fault;
use crate::provider::Settings;
use crate::responses::{self, Refused, server_error, with_retry_after};

/// Checks the API token. The status is 401 without a token and 403 with a wrong one.
pub(crate) fn key_refusal(settings: &Settings, request: &Request) -> Option<Response> {
    let headers = request.headers();
    if is_expected(&settings.cloudflare_api_token, bearer(headers)) {
        return None;
    }
    let is_missing = !headers.contains_key(AUTHORIZATION);
    let status = if is_missing { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    Some(authentication_error(status))
}

/// The error response for a fault that Cloudflare has one for.
pub(crate) fn error_response(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let message = "More than 1200 requests per 300 seconds reached. \
                           Please wait and consider throttling your request speed";
            let body = error(10_100, message);
            let response = responses::json(status.unwrap_or(StatusCode::TOO_MANY_REQUESTS), body);
            let response = with_limits(response, r#""default";r=0;t=300"#);
            Some(with_retry_after(response, *retry_after))
        }
        Fault::ServerError { status } => {
            Some(server_error(*status, error(10_001, "Internal server error")))
        }
        Fault::KeyRefused => Some(authentication_error(StatusCode::FORBIDDEN)),
        Fault::MissingPermission => {
            let body = error(9109, "Unauthorized to access requested resource");
            Some(responses::json(StatusCode::FORBIDDEN, body))
        }
        _ => None,
    }
}

pub(crate) fn unknown_route(path: &str) -> Response {
    not_routed(path).into_response()
}

/// The response to an unknown route, and to an unknown object too.
pub(super) fn not_routed(path: &str) -> Refused {
    let message = format!("Could not route to {path}, perhaps your object identifier is invalid?");
    Refused(StatusCode::NOT_FOUND, error(7003, &message))
}

pub(super) fn not_found() -> Response {
    responses::json(StatusCode::NOT_FOUND, error(1436, "The custom hostname was not found."))
}

fn authentication_error(status: StatusCode) -> Response {
    responses::json(status, error(10_000, "Authentication error"))
}

/// The refusal of an alerting request. Neither its code nor its wording is documented.
pub(super) fn refused(message: &str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, error(1000, message))
}

pub(super) fn found(result: Value) -> Response {
    let body = json!({"success": true, "errors": [], "messages": [], "result": result});
    with_limits(responses::json(StatusCode::OK, body), r#""default";r=1100;t=30"#)
}

/// Adds the rate limit headers, which Cloudflare has sent with every response since 2025-09.
fn with_limits(mut response: Response, remaining: &'static str) -> Response {
    const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
    const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from_static(remaining));
    headers.insert(POLICY, HeaderValue::from_static(r#""default";q=1200;w=300"#));
    response
}

fn error(code: u32, message: &str) -> Value {
    let errors = [json!({"code": code, "message": message})];
    json!({"success": false, "errors": errors, "messages": [], "result": null})
}
