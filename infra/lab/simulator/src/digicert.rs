//! CertCentral's Services API, and what it sends to a webhook. Bodies are from the recordings and pages of the provider where they
//! exist; what is not documented is said beside it.

mod account;
mod event;
mod event_log;
mod management;
mod order;
mod refusal;
mod sending;
mod status_changes;
mod verification;
mod wanted;
mod webhook;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub(crate) use self::account::Account;
pub use self::event::{DigicertEvent, DigicertSent, Outcome, Withheld};
use crate::answers::{self, Handled, server_error, with_retry_after};
use crate::authority::{Curve, Issued};
use crate::fault::Fault;
use crate::gate::Spoil;
use crate::pem::{self, Extent, LineEnding};
use crate::provider::is_expected;
use crate::world::World;

pub(crate) const BASE: &str = "/services/v2";

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/services/v2/certificate/{id}/download/format/{format}", get(download))
        .route("/services/v2/certificate/{id}/chain", get(chain))
        .route("/services/v2/order/certificate/{order_id}", get(order_info))
        .route("/services/v2/order/certificate/status-changes", get(status_changes::list))
        .merge(management::routes())
}

async fn download(
    State(world): State<Arc<World>>,
    Extension(Spoil(fault)): Extension<Spoil>,
    Path((id, format)): Path<(String, String)>,
) -> Handled {
    let Some(id) = number(&id) else {
        return Ok(not_found("certificate"));
    };
    let extent = match format.as_str() {
        "pem_all" => Extent::Whole,
        "pem_noroot" => Extent::WithoutRoot,
        "pem_nointermediate" => Extent::Leaf,
        _ => return Ok(unknown_format(&format)),
    };
    // Both line endings were seen in recordings; here the id decides.
    let ending = if id.is_multiple_of(2) { LineEnding::Lf } else { LineEnding::CrLf };
    let issued = issue(&world, id)?;
    let text = pem::chain(&world.authority, &issued, extent, ending, fault.as_ref())?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], text).into_response())
}

async fn chain(
    State(world): State<Arc<World>>,
    Extension(Spoil(fault)): Extension<Spoil>,
    Path(id): Path<String>,
) -> Handled {
    let Some(id) = number(&id) else {
        return Ok(not_found("certificate"));
    };
    let hierarchy = match fault {
        Some(Fault::WrongChain) => world.authority.foreign(),
        _ => world.authority.hierarchy(Curve::of(id)),
    };
    let link = |name: &str, pem: &str| {
        let pem = pem.replace('\n', "\r\n");
        json!({"subject_common_name": name, "pem": pem})
    };
    let links = [
        link(hierarchy.intermediate_name(), hierarchy.intermediate()),
        link(hierarchy.root_name(), hierarchy.root()),
    ];
    Ok(answers::json(StatusCode::OK, json!({"intermediates": links})))
}

async fn order_info(State(world): State<Arc<World>>, Path(order_id): Path<String>) -> Handled {
    let Some(order_id) = number(&order_id) else {
        return Ok(not_found("order"));
    };
    let certificate_id = order::certificate_id(order_id);
    let issued = issue(&world, certificate_id)?;
    let issuer = world.authority.hierarchy(issued.curve).intermediate_name();
    let info = order::info(order_id, certificate_id, &issued, issuer)?;
    Ok(answers::json(StatusCode::OK, info))
}

fn issue(world: &World, id: u64) -> anyhow::Result<Arc<Issued>> {
    let name = format!("www-{id}.example.com");
    let names = vec![name.clone(), format!("*.{name}")];
    world.authority.issue(&format!("digicert/{id}"), names, Curve::of(id))
}

/// Any number but 0 is a certificate and an order.
fn number(id: &str) -> Option<u64> {
    id.parse().ok().filter(|id| *id > 0)
}

/// 403, not 401: recorded from the live API.
pub(crate) fn refusal(world: &World, request: &Request) -> Option<Response> {
    let given = request.headers().get("x-dc-devkey").and_then(|key| key.to_str().ok());
    let settings = &world.settings;
    let view_only = settings.digicert_view_only_key.as_ref().map(ExposeSecret::expose_secret);
    if view_only.is_some() && view_only == given {
        return (request.method() != Method::GET).then(permission_missing);
    }
    (!is_expected(&settings.digicert_api_key, given)).then(key_refused)
}

pub(crate) fn failure(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let message = "Service unavailable, please limit request volume";
            let body = error("request_limit_exceeded", message);
            let status = status.unwrap_or(StatusCode::TOO_MANY_REQUESTS);
            Some(with_retry_after(answers::json(status, body), *retry_after))
        }
        // The body of a 500 is not documented.
        Fault::ServerError { status } => {
            Some(server_error(*status, error("general_error", "An unexpected error occurred.")))
        }
        Fault::KeyRefused => Some(key_refused()),
        Fault::MissingPermission => Some(permission_missing()),
        Fault::NoRoute => Some(unknown_route()),
        // Neither status nor code is documented: a consumer must not depend on this one.
        Fault::NotReady => {
            let body = error("certificate_not_issued", "The certificate has not been issued yet.");
            Some(answers::json(StatusCode::BAD_REQUEST, body))
        }
        _ => None,
    }
}

/// `errors` is a single object here, as one client's fixture has it.
pub(crate) fn unknown_route() -> Response {
    let code = "not_found|route";
    let body = json!({"errors": {"code": code, "message": "The specified route was not found."}});
    answers::json(StatusCode::NOT_FOUND, body)
}

fn key_refused() -> Response {
    let code = "access_denied|access_denied_invalid_key";
    let body = error(code, "Access denied due to access_denied_invalid_key.");
    answers::json(StatusCode::FORBIDDEN, body)
}

fn permission_missing() -> Response {
    let message = "Access denied due to missing permissions.";
    let body = error("access_denied|missing_permission", message);
    answers::json(StatusCode::FORBIDDEN, body)
}

fn not_found(what: &str) -> Response {
    let message = format!("The specified {what} was not found.");
    answers::json(StatusCode::NOT_FOUND, error(&format!("not_found|{what}"), &message))
}

/// The formats that are archives or PKCS #7 are not simulated.
fn unknown_format(format: &str) -> Response {
    let message = format!("The format {format} is unknown to the simulator.");
    answers::json(StatusCode::BAD_REQUEST, error("invalid_format", &message))
}

fn error(code: &str, message: &str) -> Value {
    json!({"errors": [{"code": code, "message": message}]})
}
