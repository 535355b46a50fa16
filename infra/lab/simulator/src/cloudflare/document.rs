use anyhow::{Context, Result};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::event::CloudflareEvent;
use super::state::DATE_TIME;
use crate::authority::number_of;

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
