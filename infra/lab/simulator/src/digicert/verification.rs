use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::refusal::{Ended, Refusal};
use super::wanted::{endpoint, object, secret};
use super::{sending, webhook::Webhook};
use crate::random;
use crate::world::World;

/// "Send test event": the key is what the request gives, whatever the webhook has.
pub(super) async fn test_endpoint(
    State(world): State<Arc<World>>,
    body: Bytes,
) -> Result<StatusCode, Ended> {
    let mut members = object(&body)?;
    let endpoint = endpoint(members.remove("endpoint"))?;
    let key = secret(members.remove("secret"))?.change(None);
    sending::test(&world, &endpoint, key.as_ref()).await??;
    Ok(StatusCode::OK)
}

/// 204 whatever the endpoint answered: `not_found|webhook` is the one documented error. How it went
/// is in the event log.
pub(super) async fn send_challenge(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Ended> {
    let token = random::hex::<16>()?;
    let now = world.clock.now();
    let (number, endpoint, key) = world.certcentral.with(&id, |webhook| {
        webhook.challenge(token.as_str().into(), now);
        Ok((webhook.id, webhook.endpoint.clone(), webhook.secret.clone()))
    })?;
    let data = challenge(&token, number);
    sending::send(&world, &endpoint, key.as_ref(), sending::CHALLENGE, Some(&data)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn challenge(token: &str, webhook: u64) -> Map<String, Value> {
    Map::from_iter([("token".to_owned(), json!(token)), ("webhook_id".to_owned(), json!(webhook))])
}

pub(super) async fn check_challenge(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Ended> {
    let token = object(&body)?.remove("token");
    let now = world.clock.now();
    act(&world, &id, |webhook| {
        let token = token.as_ref().and_then(Value::as_str).ok_or(Refusal::InvalidToken)?;
        webhook.verify(token, now)
    })
}

pub(super) async fn activate(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Ended> {
    act(&world, &id, Webhook::activate)
}

pub(super) async fn deactivate(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Ended> {
    act(&world, &id, Webhook::deactivate)
}

fn act(
    world: &World,
    id: &str,
    action: impl FnOnce(&mut Webhook) -> Result<(), Refusal>,
) -> Result<StatusCode, Ended> {
    world.certcentral.with(id, action)?;
    Ok(StatusCode::NO_CONTENT)
}
