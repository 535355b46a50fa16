//! CertCentral's Services API, and the events that it sends to a webhook. Response bodies follow recordings
//! and the provider's pages where they exist; comments say where something is not documented.
//!
//! - [`certificates`], [`order`], [`status_changes`]: certificates and orders
//! - [`management`], [`webhook_request`], [`webhook`]: the account's webhook
//! - [`event`], [`sending`], [`event_log`]: events, and what became of each
//! - [`state`]: the account
//! - [`refusal`], [`replies`]: error responses

mod certificates;
mod event;
mod event_log;
mod management;
mod order;
mod refusal;
mod replies;
mod sending;
mod state;
mod status_changes;
mod webhook;
mod webhook_request;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use self::event::{DigicertEvent, DigicertSent, Outcome, Withheld};
pub use self::order::certificate_id;
pub(crate) use self::replies::{error_response, key_refusal, unknown_route};
pub(crate) use self::state::DigicertState;

pub(crate) const BASE: &str = "/services/v2";

pub(crate) fn routes(state: Arc<DigicertState>) -> Router {
    Router::new()
        .route(
            "/services/v2/certificate/{id}/download/format/{format}",
            get(certificates::download),
        )
        .route("/services/v2/order/certificate/{order_id}", get(certificates::order_info))
        .route("/services/v2/order/certificate/status-changes", get(certificates::status_changes))
        .route("/_simulator/digicert/events", post(event::control))
        .merge(management::routes())
        .with_state(state)
}
