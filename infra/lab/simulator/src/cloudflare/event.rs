use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::state::{CloudflareState, DATE_TIME};
use crate::authority::number_of;
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

const FAMILY: &str = "ssl.custom_hostname_certificate.";

/// The events of "Webhook data definitions", each with the status of the certificate at the time, and its
/// error.
const EVENTS: [(&str, &str, Option<&str>); 11] = [
    ("validation.succeeded", "pending_issuance", None),
    ("validation.failed", "pending_validation", Some("reported as potential risk")),
    ("issuance.succeeded", "pending_deployment", None),
    ("issuance.failed", "pending_issuance", Some("caa_error")),
    ("deployment.succeeded", "active", None),
    ("deployment.failed", "pending_deployment", None),
    ("deletion.succeeded", "deleted", None),
    ("deletion.failed", "pending_deletion", None),
    ("renewal.upcoming_certificate_expiration_notification", "active", None),
    ("renewal.succeeded", "pending_deployment", None),
    ("renewal.failed", "pending_issuance", Some("caa_error")),
];

/// The inner document, in the format of the provider's page.
pub(super) fn inner(
    event: &CloudflareEvent,
    id: &str,
    hostname: &str,
    at: OffsetDateTime,
) -> Result<Value> {
    let step = event.event.strip_prefix(FAMILY).unwrap_or(&event.event);
    let known = EVENTS.iter().find(|(known, ..)| *known == step);
    let (step, status, error) = known.with_context(|| {
        format!("event: {:?} is not one of the {} events of {FAMILY}", event.event, EVENTS.len())
    })?;
    Ok(json!({
        "metadata": {
            "event": {
                "id": id_of(&format!("event/{id}/{step}/{}", at.unix_timestamp_nanos())),
                "type": format!("{FAMILY}{step}"),
                "created_at": at.format(DATE_TIME)?,
            },
            "account": {"id": event.account},
            "zone": {"id": event.zone.clone().unwrap_or_else(|| id_of("zone"))},
        },
        "data": {
            "id": id,
            "hostname": hostname,
            "ssl": ssl(id, hostname, status, *error),
            "custom_metadata": {"key1": "value1", "key2": "value2"},
            "custom_origin_server": format!("0001.{hostname}"),
        },
    }))
}

fn ssl(id: &str, hostname: &str, status: &str, error: Option<&str>) -> Value {
    let mut ssl = json!({
        "id": id_of(&format!("ssl/{id}")),
        "type": "dv",
        "method": "cname",
        "status": status,
    });
    // The documents of a deletion have no settings.
    if !matches!(status, "deleted" | "pending_deletion") {
        ssl["settings"] = json!({"min_tls_version": "1.2", "http2": "on"});
    }
    if let Some(error) = error {
        ssl["cname"] = json!(format!("_{}.app.example2.com", id_of(id)));
        ssl["cname_target"] = json!("dcv.example2.com");
        ssl["validation_errors"] = json!([{"message": format!("{error}: {hostname}")}]);
    }
    ssl
}

/// An id of 32 digits that depends only on the text.
pub(super) fn id_of(text: &str) -> String {
    format!("{:032x}", number_of(text))
}
