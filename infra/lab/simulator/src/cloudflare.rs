//! Cloudflare's API v4: details of a custom hostname, webhook destinations, notification policies, and the
//! notifications that they cause.
//!
//! - [`custom_hostname`]: details of a custom hostname
//! - [`resources`], [`destinations`], [`policies`]: the settings of notifications
//! - [`event`], [`notification`]: what happens to a certificate, and its notifications
//! - [`state`]: destinations and policies
//! - [`history`]: the notifications that were sent
//! - [`token`]: whether the API token is valid
//! - [`replies`]: responses in Cloudflare's envelope

mod custom_hostname;
mod destinations;
mod event;
mod history;
mod notification;
mod policies;
mod replies;
mod resources;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use self::event::{CloudflareEvent, CloudflareSent};
pub(crate) use self::replies::{error_response, key_refusal, unknown_route};
use self::resources::{list, show};
pub(crate) use self::state::CloudflareState;
use self::state::{Destination, Policy};

pub(crate) const BASE: &str = "/client/v4";

pub(crate) fn routes(state: Arc<CloudflareState>) -> Router {
    let destination =
        get(show::<Destination>).put(destinations::update).delete(resources::delete::<Destination>);
    let policy = get(show::<Policy>).put(policies::update).delete(resources::delete::<Policy>);
    let alerting = |path: &str| format!("/client/v4/accounts/{{account}}/alerting/v3/{path}");
    Router::new()
        .route("/client/v4/zones/{zone}/custom_hostnames/{id}", get(custom_hostname::show))
        .route(&alerting("history"), get(history::list))
        .route("/client/v4/zones/{zone}/custom_hostnames", get(custom_hostname::list))
        .route("/client/v4/user/tokens/verify", get(token::verify))
        .route(
            &alerting("destinations/webhooks"),
            get(list::<Destination>).post(destinations::create),
        )
        .route("/_simulator/cloudflare/events", post(event::control))
        .route(&alerting("destinations/webhooks/{id}"), destination)
        .route(&alerting("policies"), get(list::<Policy>).post(policies::create))
        .route(&alerting("policies/{id}"), policy)
        .with_state(state)
}
