use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::alerting::Destination;
use super::notification::{HELLO, deliver};
use super::{found, refused, unknown_route};
use crate::answers::Handled;
use crate::courier::{Answered, Target};
use crate::random;
use crate::world::World;

/// The body of "Create a webhook" and "Update a webhook".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    url: String,
    secret: Option<String>,
}

/// The same, checked.
struct Wanted {
    name: String,
    target: Target,
    secret: Option<SecretString>,
}

pub(super) async fn list(State(world): State<Arc<World>>, Path(account): Path<String>) -> Handled {
    let kept = world.alerting.kept();
    let own = kept.destinations.iter().filter(|destination| destination.account == account);
    let documents = own.map(Destination::document).collect::<Result<Vec<_>, _>>()?;
    Ok(found(json!(documents)))
}

pub(super) async fn show(
    State(world): State<Arc<World>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> Handled {
    match world.alerting.kept().destination(&account, &id) {
        Some(destination) => Ok(found(destination.document()?)),
        None => Ok(unknown_route(uri.path())),
    }
}

/// "Creating a destination sends a live test POST and needs a 2xx."
pub(super) async fn create(
    State(world): State<Arc<World>>,
    Path(account): Path<String>,
    body: Bytes,
) -> Handled {
    let wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(message) => return Ok(refused(message)),
    };
    let answered = deliver(&world, &wanted.target, wanted.secret.as_ref(), HELLO.to_owned()).await;
    if !is_good(answered.as_ref()) {
        return Ok(test_failed(answered.as_ref()));
    }
    let id = random::hex::<16>()?;
    let now = world.clock.now();
    world.alerting.kept().destinations.push(Destination {
        account,
        id: id.clone(),
        name: wanted.name,
        target: wanted.target,
        secret: wanted.secret,
        created: now,
        last_success: Some(now),
        last_failure: None,
    });
    Ok(found(json!({"id": id})))
}

/// As above. Without `secret` it stays; the API's page does not say.
pub(super) async fn update(
    State(world): State<Arc<World>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> Handled {
    let current = world.alerting.kept().destination(&account, &id).cloned();
    let Some(current) = current else {
        return Ok(unknown_route(uri.path()));
    };
    let wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(message) => return Ok(refused(message)),
    };
    let secret = wanted.secret.or(current.secret);
    let answered = deliver(&world, &wanted.target, secret.as_ref(), HELLO.to_owned()).await;
    world.alerting.note(&id, is_good(answered.as_ref()), world.clock.now());
    if !is_good(answered.as_ref()) {
        return Ok(test_failed(answered.as_ref()));
    }
    match world.alerting.kept().destination(&account, &id) {
        Some(destination) => {
            (destination.name, destination.target) = (wanted.name, wanted.target);
            destination.secret = secret;
            Ok(found(json!({"id": id})))
        }
        None => Ok(unknown_route(uri.path())),
    }
}

/// Whether the provider refuses to delete what a policy sends to is not documented. It is refused
/// here, so that a client that deletes first and moves the policy later is found out.
pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> Handled {
    let mut kept = world.alerting.kept();
    let Some(destination) = kept.destination(&account, &id).cloned() else {
        return Ok(unknown_route(uri.path()));
    };
    if let Some(policy) = kept.user(&destination) {
        return Ok(refused(&format!("The webhook is in use by the policy {}", policy.id)));
    }
    kept.destinations.retain(|other| other.id != id);
    Ok(found(Value::Null))
}

/// An error is the API's message.
fn read(body: &[u8]) -> Result<Wanted, &'static str> {
    let Body { name, url, secret } = serde_json::from_slice(body)
        .map_err(|_| "The request body needs the strings name and url, and may have a secret")?;
    if name.is_empty() {
        return Err("name is required");
    }
    if secret.as_ref().is_some_and(|secret| HeaderValue::from_str(secret).is_err()) {
        return Err("secret does not fit into a header");
    }
    let target = Target::parse(&url).ok_or("url must begin with https://")?;
    Ok(Wanted { name, target, secret: secret.map(SecretString::from) })
}

fn is_good(answered: Option<&Answered>) -> bool {
    answered.is_some_and(Answered::is_success)
}

fn test_failed(answered: Option<&Answered>) -> Response {
    let outcome = match answered {
        Some(answered) => format!("it answered {}", answered.code),
        None => "it gave no answer".to_owned(),
    };
    refused(&format!("The webhook could not be tested: {outcome}"))
}
