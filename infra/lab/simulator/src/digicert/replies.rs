use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::api_key::is_expected;
use crate::fault::Fault;
use crate::provider::Settings;
use crate::responses::{self, server_error, with_retry_after};

/// Checks the API key. A refusal has status 403 and not 401, as recorded from the live API.
pub(crate) fn key_refusal(settings: &Settings, request: &Request) -> Option<Response> {
    let key = request.headers().get("x-dc-devkey").and_then(|key| key.to_str().ok());
    let view_only = settings.digicert_view_only_key.as_ref().map(ExposeSecret::expose_secret);
    if view_only.is_some() && view_only == key {
        return (request.method() != Method::GET).then(permission_missing);
    }
    (!is_expected(&settings.digicert_api_key, key)).then(key_refused)
}

/// The error response for a fault that CertCentral has one for.
pub(crate) fn error_response(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let message = "Service unavailable, please limit request volume";
            let body = error("request_limit_exceeded", message);
            let status = status.unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            Some(with_retry_after(responses::json(status, body), *retry_after))
        }
        // The body of a 500 is not documented.
        Fault::ServerError { status } => {
            Some(server_error(*status, error("general_error", "An unexpected error occurred.")))
        }
        Fault::KeyRefused => Some(key_refused()),
        Fault::MissingPermission => Some(permission_missing()),
        Fault::NoRoute => Some(unknown_route()),
        // Neither status nor code is documented, so a consumer must not depend on them.
        Fault::NotReady => {
            let body = error("certificate_not_issued", "The certificate has not been issued yet.");
            Some(responses::json(StatusCode::BAD_REQUEST, body))
        }
        _ => None,
    }
}

/// `errors` is a single object here, as in the fixture of one client.
pub(crate) fn unknown_route() -> Response {
    let code = "not_found|route";
    let body = json!({"errors": {"code": code, "message": "The specified route was not found."}});
    responses::json(StatusCode::NOT_FOUND, body)
}

fn key_refused() -> Response {
    let code = "access_denied|access_denied_invalid_key";
    let body = error(code, "Access denied due to access_denied_invalid_key.");
    responses::json(StatusCode::FORBIDDEN, body)
}

fn permission_missing() -> Response {
    let message = "Access denied due to missing permissions.";
    let body = error("access_denied|missing_permission", message);
    responses::json(StatusCode::FORBIDDEN, body)
}

pub(super) fn not_found(what: &str) -> Response {
    let message = format!("The specified {what} was not found.");
    responses::json(StatusCode::NOT_FOUND, error(&format!("not_found|{what}"), &message))
}

/// The formats that are archives or PKCS #7 are not simulated.
pub(super) fn unknown_format(format: &str) -> Response {
    let message = format!("The format {format} is unknown to the simulator.");
    responses::json(StatusCode::BAD_REQUEST, error("invalid_format", &message))
}

pub(super) fn error(code: &str, message: &str) -> Value {
    json!({"errors": [{"code": code, "message": message}]})
}
