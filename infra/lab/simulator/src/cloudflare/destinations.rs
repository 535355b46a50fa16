use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::notification::{TEST_MESSAGE, post};
use super::replies::{found, not_routed, refused};
use super::state::{CloudflareState, Destination};
use crate::random;
use crate::responses::{HandlerResult, Refused};
use crate::webhook_sender::{Target, is_success};

/// The body of "Create a webhook" and "Update a webhook".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    url: String,
    secret: Option<String>,
}

impl Body {
    fn parse(body: &[u8]) -> Result<Self, Refused> {
        let body: Self = serde_json::from_slice(body).map_err(|_| {
            refused("The request body needs the strings name and url, and may have a secret")
        })?;
        if body.name.is_empty() {
            return Err(refused("name is required"));
        }
        if body.secret.as_ref().is_some_and(|secret| HeaderValue::from_str(secret).is_err()) {
            return Err(refused("secret does not fit into a header"));
        }
        Ok(body)
    }

    fn target(&self) -> Result<Target, Refused> {
        Target::parse(&self.url).ok_or_else(|| refused("url must begin with https://"))
    }
}

/// "Creating a destination sends a live test POST and needs a 2xx."
pub(super) async fn create(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
    body: Bytes,
) -> HandlerResult {
    let request = Body::parse(&body)?;
    let (target, secret) = (request.target()?, request.secret.map(SecretString::from));
    let code = post(&state, &target, secret.as_ref(), TEST_MESSAGE.to_owned()).await;
    ensure_tested(code)?;
    let id = random::hex::<16>()?;
    let now = state.shared.clock.now();
    state.alerting().destinations.push(Destination {
        account,
        id: id.clone(),
        name: request.name,
        target,
        secret,
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
    let current = state.alerting().find::<Destination>(&account, &id).cloned();
    let current = current.ok_or_else(|| not_routed(uri.path()))?;
    let request = Body::parse(&body)?;
    let target = request.target()?;
    let secret = request.secret.map(SecretString::from).or(current.secret);
    let code = post(&state, &target, secret.as_ref(), TEST_MESSAGE.to_owned()).await;
    state.store_result(&id, is_success(code));
    ensure_tested(code)?;
    let mut alerting = state.alerting();
    let destination =
        alerting.find::<Destination>(&account, &id).ok_or_else(|| not_routed(uri.path()))?;
    (destination.name, destination.target, destination.secret) = (request.name, target, secret);
    Ok(found(json!({"id": id})))
}

fn ensure_tested(code: Option<u16>) -> Result<(), Refused> {
    let outcome = match code {
        _ if is_success(code) => return Ok(()),
        Some(code) => format!("it answered {code}"),
        None => "it gave no answer".to_owned(),
    };
    Err(refused(&format!("The webhook could not be tested: {outcome}")))
}
