use std::sync::Arc;

use anyhow::Result;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::state::CloudflareState;
use crate::responses::bad_request;
use crate::server::Simulator;

/// Something that happens to the certificate of a custom hostname.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CloudflareEvent {
    pub account: String,
    /// The event type, with or without the prefix `ssl.custom_hostname_certificate.`.
    pub event: String,
    #[serde(default)]
    pub zone: Option<String>,
    /// The id of the custom hostname. Without it, the event is about a new one.
    #[serde(default)]
    pub hostname_id: Option<String>,
    /// The inner document, in place of one made from the other fields.
    #[serde(default)]
    pub document: Option<Value>,
}

impl CloudflareEvent {
    pub fn new(account: impl Into<String>, event: impl Into<String>) -> Self {
        let (account, event) = (account.into(), event.into());
        Self { account, event, zone: None, hostname_id: None, document: None }
    }

    #[must_use]
    pub fn of_hostname(mut self, id: impl Into<String>) -> Self {
        self.hostname_id = Some(id.into());
        self
    }
}

/// A notification that was sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CloudflareSent {
    pub policy_id: String,
    pub destination_id: String,
    /// The status code of the response; `None` without a response in time.
    pub code: Option<u16>,
}

impl Simulator {
    /// `http://127.0.0.1:PORT/client/v4`
    pub fn cloudflare_base(&self) -> String {
        self.base(super::BASE)
    }

    /// Makes an event happen to the certificate of a custom hostname. It is sent to every destination of
    /// the account's enabled policies for it.
    ///
    /// # Errors
    /// The event is not valid.
    pub async fn send_cloudflare_event(
        &self,
        event: CloudflareEvent,
    ) -> Result<Vec<CloudflareSent>> {
        event.send(&self.state.cloudflare).await
    }
}

/// The control path for events.
pub(super) async fn control(State(state): State<Arc<CloudflareState>>, body: Bytes) -> Response {
    let event = match serde_json::from_slice::<CloudflareEvent>(&body) {
        Ok(event) => event,
        Err(error) => {
            let expected = r#"{"account": "ID", "event": "issuance.succeeded"}"#;
            return bad_request(format!("events: expected {expected}: {error}"));
        }
    };
    match event.send(&state).await {
        Ok(sent) => Json(json!({"notifications": sent})).into_response(),
        Err(error) => bad_request(format!("events: {error:#}")),
    }
}
