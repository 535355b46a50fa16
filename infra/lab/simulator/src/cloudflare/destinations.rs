use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::notification::{TEST_MESSAGE, post};
use super::replies::{found, refused, unknown_route};
use super::state::{CloudflareState, Destination};
use crate::random;
use crate::responses::HandlerResult;
use crate::webhook_sender::{EndpointResponse, Target};

/// The body of "Create a webhook" and "Update a webhook".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    url: String,
    secret: Option<String>,
}

/// The checked body.
struct DestinationRequest {
    name: String,
    target: Target,
    secret: Option<SecretString>,
}

pub(super) async fn list(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
) -> HandlerResult {
    let alerting = state.alerting();
    let own = alerting.destinations.iter().filter(|destination| destination.account == account);
    let documents = own.map(Destination::document).collect::<Result<Vec<_>, _>>()?;
    Ok(found(json!(documents)))
}

pub(super) async fn show(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> HandlerResult {
    match state.alerting().destination(&account, &id) {
        Some(destination) => Ok(found(destination.document()?)),
        None => Ok(unknown_route(uri.path())),
    }
}

/// "Creating a destination sends a live test POST and needs a 2xx."
pub(super) async fn create(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
    body: Bytes,
) -> HandlerResult {
    let request = match parse(&body) {
        Ok(request) => request,
        Err(message) => return Ok(refused(message)),
    };
    let response =
        post(&state, &request.target, request.secret.as_ref(), TEST_MESSAGE.to_owned()).await;
    if !is_success(response.as_ref()) {
        return Ok(test_failed(response.as_ref()));
    }
    let id = random::hex::<16>()?;
    let now = state.shared.clock.now();
    state.alerting().destinations.push(Destination {
        account,
        id: id.clone(),
        name: request.name,
        target: request.target,
        secret: request.secret,
        created: now,
        last_success: Some(now),
        last_failure: None,
    });
    Ok(found(json!({"id": id})))
}

/// As above. Without `secret` the current one stays, which the API's page does not document.
pub(super) async fn update(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> HandlerResult {
    let current = state.alerting().destination(&account, &id).cloned();
    let Some(current) = current else {
        return Ok(unknown_route(uri.path()));
    };
    let request = match parse(&body) {
        Ok(request) => request,
        Err(message) => return Ok(refused(message)),
    };
    let secret = request.secret.or(current.secret);
    let response = post(&state, &request.target, secret.as_ref(), TEST_MESSAGE.to_owned()).await;
    state.store_result(&id, is_success(response.as_ref()));
    if !is_success(response.as_ref()) {
        return Ok(test_failed(response.as_ref()));
    }
    match state.alerting().destination(&account, &id) {
        Some(destination) => {
            (destination.name, destination.target) = (request.name, request.target);
            destination.secret = secret;
            Ok(found(json!({"id": id})))
        }
        None => Ok(unknown_route(uri.path())),
    }
}

/// Whether the provider refuses to delete a destination that a policy uses is not documented. It is refused
/// here, so that tests notice a client that deletes it before it changes the policy.
pub(super) async fn delete(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> HandlerResult {
    let mut alerting = state.alerting();
    let Some(destination) = alerting.destination(&account, &id).cloned() else {
        return Ok(unknown_route(uri.path()));
    };
    if let Some(policy) = alerting.policy_using(&destination) {
        return Ok(refused(&format!("The webhook is in use by the policy {}", policy.id)));
    }
    alerting.destinations.retain(|other| other.id != id);
    Ok(found(Value::Null))
}

/// Parses and checks the body. An error is the message of the response.
fn parse(body: &[u8]) -> Result<DestinationRequest, &'static str> {
    let Body { name, url, secret } = serde_json::from_slice(body)
        .map_err(|_| "The request body needs the strings name and url, and may have a secret")?;
    if name.is_empty() {
        return Err("name is required");
    }
    if secret.as_ref().is_some_and(|secret| HeaderValue::from_str(secret).is_err()) {
        return Err("secret does not fit into a header");
    }
    let target = Target::parse(&url).ok_or("url must begin with https://")?;
    Ok(DestinationRequest { name, target, secret: secret.map(SecretString::from) })
}

fn is_success(response: Option<&EndpointResponse>) -> bool {
    response.is_some_and(EndpointResponse::is_success)
}

fn test_failed(response: Option<&EndpointResponse>) -> Response {
    let outcome = match response {
        Some(response) => format!("it answered {}", response.code),
        None => "it gave no answer".to_owned(),
    };
    refused(&format!("The webhook could not be tested: {outcome}"))
}
