use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post, put};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::refusal::{Ended, Refusal};
use super::wanted::{Secret, Wanted};
use super::webhook::Webhook;
use super::{event_log, sending, verification};
use crate::answers;
use crate::world::World;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/services/v2/webhook", get(list).post(create))
        .route("/services/v2/webhook/{id}", get(show).put(update).delete(delete))
        .route("/services/v2/webhook/test-endpoint", post(verification::test_endpoint))
        .route("/services/v2/webhook/{id}/send-challenge", put(verification::send_challenge))
        .route("/services/v2/webhook/{id}/check-challenge", put(verification::check_challenge))
        .route("/services/v2/webhook/{id}/activate", put(verification::activate))
        .route("/services/v2/webhook/{id}/deactivate", put(verification::deactivate))
        .route("/services/v2/webhook/{id}/event-logs", get(event_log::of_webhook))
        .route("/services/v2/webhook/event-logs", get(event_log::of_account))
}

async fn list(State(world): State<Arc<World>>) -> Result<Response, Refusal> {
    let kept = world.certcentral.kept();
    let webhook = kept.webhook.as_ref().ok_or(Refusal::InvalidAccount)?;
    Ok(answers::json(StatusCode::OK, json!({"webhooks": [webhook.document()]})))
}

async fn create(State(world): State<Arc<World>>, body: Bytes) -> Result<Response, Ended> {
    let wanted = Wanted::read(&body)?;
    let is_free = || match world.certcentral.kept().webhook {
        Some(_) => Err(Refusal::ConfiguredAlready),
        None => Ok(()),
    };
    is_free()?;
    probe(&world, &wanted, None).await?;
    let mut kept = world.certcentral.kept();
    if kept.webhook.is_some() {
        return Err(Refusal::ConfiguredAlready.into());
    }
    let id = kept.next_id();
    kept.webhook = Some(Webhook::new(id, wanted));
    Ok(answers::json(StatusCode::CREATED, json!({"webhook_id": id})))
}

/// No page was found for this one: the object of the list.
async fn show(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let document: Value = world.certcentral.with(&id, |webhook| Ok(webhook.document()))?;
    Ok(answers::json(StatusCode::OK, document))
}

async fn update(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Ended> {
    let current = world.certcentral.with(&id, |webhook| Ok(webhook.secret.clone()))?;
    let wanted = Wanted::read(&body)?;
    probe(&world, &wanted, current).await?;
    world.certcentral.with(&id, |webhook| {
        webhook.update(wanted);
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut kept = world.certcentral.kept();
    kept.find(&id)?;
    kept.webhook = None;
    Ok(StatusCode::NO_CONTENT)
}

/// That a creation or an update can fail with `webhook_endpoint_error` shows that there is one.
async fn probe(world: &World, wanted: &Wanted, current: Option<SecretString>) -> Result<(), Ended> {
    let key = match &wanted.secret {
        _ if !world.settings.digicert_probe_with_key => None,
        Secret::Unchanged => current,
        Secret::Removed => None,
        Secret::Set(secret) => Some(secret.clone()),
    };
    Ok(sending::test(world, &wanted.endpoint, key.as_ref()).await??)
}
