//! Cloudflare's API v4: details of a custom hostname; webhook destinations, notification policies
//! and what is sent by them.

mod alerting;
mod alerts;
mod custom_hostname;
mod destinations;
mod document;
mod notification;
mod policies;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};

pub(crate) use self::alerting::Alerting;
pub use self::notification::{CloudflareEvent, CloudflareSent};
use crate::answers::{self, Handled, server_error, with_retry_after};
use crate::authority::{Curve, number_of};
use crate::fault::Fault;
use crate::gate::Spoil;
use crate::provider::{bearer, is_expected};
use crate::world::World;

pub(crate) const BASE: &str = "/client/v4";

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/client/v4/zones/{zone}/custom_hostnames/{id}", get(custom_hostname))
        .merge(alerting())
}

fn alerting() -> Router<Arc<World>> {
    let destination =
        get(destinations::show).put(destinations::update).delete(destinations::delete);
    let policy = get(policies::show).put(policies::update).delete(policies::delete);
    let below = |path: &str| format!("/client/v4/accounts/{{account}}/alerting/v3/{path}");
    Router::new()
        .route(&below("available_alerts"), get(alerts::available))
        .route(&below("destinations/webhooks"), get(destinations::list).post(destinations::create))
        .route(&below("destinations/webhooks/{id}"), destination)
        .route(&below("policies"), get(policies::list).post(policies::create))
        .route(&below("policies/{id}"), policy)
}

/// An id that begins with `gone` is not found; one that begins with `pending` waits for
/// validation; any other has its certificate.
async fn custom_hostname(
    State(world): State<Arc<World>>,
    Extension(Spoil(fault)): Extension<Spoil>,
    Path((_zone, id)): Path<(String, String)>,
) -> Handled {
    if !is_id(&id) || id.starts_with("gone") {
        return Ok(not_found());
    }
    let hostname = world.hostname(&id).unwrap_or_else(|| hostname_of(&id));
    if id.starts_with("pending") || fault == Some(Fault::NotReady) {
        return Ok(found(custom_hostname::pending(&id, &hostname)));
    }
    let key = format!("cloudflare/{id}/{hostname}");
    let curve = Curve::of((number_of(&key) & 0xff) as u64);
    let issued = world.authority.issue(&key, vec![hostname.clone()], curve)?;
    Ok(found(custom_hostname::active(&id, &hostname, &issued)?))
}

/// 32 characters by the documentation, UUIDs in SDK fixtures.
fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=50).contains(&id.len()) && id.bytes().all(plain)
}

fn hostname_of(id: &str) -> String {
    format!("host-{}.example.com", id.to_ascii_lowercase())
}

/// Without a token 401, with a wrong one 403.
pub(crate) fn refusal(world: &World, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let expected = &world.settings.cloudflare_api_token;
    if is_expected(expected, bearer(headers)) {
        return None;
    }
    let missing = !headers.contains_key(AUTHORIZATION);
    let status = if missing { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    Some(authentication_error(status))
}

pub(crate) fn failure(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let message = "More than 1200 requests per 300 seconds reached. \
                           Please wait and consider throttling your request speed";
            let body = error(10_100, message);
            let response = answers::json(status.unwrap_or(StatusCode::TOO_MANY_REQUESTS), body);
            let response = with_limits(response, r#""default";r=0;t=300"#);
            Some(with_retry_after(response, *retry_after))
        }
        Fault::ServerError { status } => {
            Some(server_error(*status, error(10_001, "Internal server error")))
        }
        Fault::KeyRefused => Some(authentication_error(StatusCode::FORBIDDEN)),
        Fault::MissingPermission => {
            let body = error(9109, "Unauthorized to access requested resource");
            Some(answers::json(StatusCode::FORBIDDEN, body))
        }
        _ => None,
    }
}

pub(crate) fn unknown_route(path: &str) -> Response {
    let message = format!("Could not route to {path}, perhaps your object identifier is invalid?");
    answers::json(StatusCode::NOT_FOUND, error(7003, &message))
}

fn not_found() -> Response {
    answers::json(StatusCode::NOT_FOUND, error(1436, "The custom hostname was not found."))
}

fn authentication_error(status: StatusCode) -> Response {
    answers::json(status, error(10_000, "Authentication error"))
}

/// Neither code nor wording is documented for what alerting refuses.
fn refused(message: &str) -> Response {
    answers::json(StatusCode::BAD_REQUEST, error(1000, message))
}

fn found(result: Value) -> Response {
    let body = json!({"success": true, "errors": [], "messages": [], "result": result});
    with_limits(answers::json(StatusCode::OK, body), r#""default";r=1100;t=30"#)
}

/// Sent since 2025-09, whether or not the limit is near.
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
