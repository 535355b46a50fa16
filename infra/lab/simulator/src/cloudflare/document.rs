use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::custom_hostname::DATE_TIME;
use super::notification::CloudflareEvent;
use crate::answers::moment;
use crate::authority::number_of;

const FAMILY: &str = "ssl.custom_hostname_certificate.";

/// The events of "Webhook data definitions", with the status of the certificate then, and what is
/// wrong with it.
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

/// The inner document, in the shape of the provider's page.
pub(super) fn inner(
    event: &CloudflareEvent,
    id: &str,
    hostname: &str,
    at: OffsetDateTime,
) -> Result<Value> {
    let step = event.event.strip_prefix(FAMILY).unwrap_or(&event.event);
    let known = EVENTS.iter().find(|(known, ..)| *known == step);
    let (step, status, wrong) = known.with_context(|| {
        format!("event: {:?} is none of the {} of {FAMILY}", event.event, EVENTS.len())
    })?;
    Ok(json!({
        "metadata": {
            "event": {
                "id": id_of(&format!("event/{id}/{step}/{}", at.unix_timestamp_nanos())),
                "type": format!("{FAMILY}{step}"),
                "created_at": moment(at, DATE_TIME)?,
            },
            "account": {"id": event.account},
            "zone": {"id": event.zone.clone().unwrap_or_else(|| id_of("zone"))},
        },
        "data": {
            "id": id,
            "hostname": hostname,
            "ssl": ssl(id, hostname, status, *wrong),
            "custom_metadata": {"key1": "value1", "key2": "value2"},
            "custom_origin_server": format!("0001.{hostname}"),
        },
    }))
}

fn ssl(id: &str, hostname: &str, status: &str, wrong: Option<&str>) -> Value {
    let mut ssl = Map::from_iter([
        ("id".to_owned(), json!(id_of(&format!("ssl/{id}")))),
        ("type".to_owned(), json!("dv")),
        ("method".to_owned(), json!("cname")),
        ("status".to_owned(), json!(status)),
    ]);
    // Those of a deletion have none.
    if !matches!(status, "deleted" | "pending_deletion") {
        ssl.insert("settings".to_owned(), json!({"min_tls_version": "1.2", "http2": "on"}));
    }
    if let Some(wrong) = wrong {
        let message = format!("{wrong}: {hostname}");
        ssl.insert("cname".to_owned(), json!(format!("_{}.app.example2.com", id_of(id))));
        ssl.insert("cname_target".to_owned(), json!("dcv.digicert.com"));
        ssl.insert("validation_errors".to_owned(), json!([{"message": message}]));
    }
    Value::Object(ssl)
}

/// 32 digits, the same for the same text.
pub(super) fn id_of(text: &str) -> String {
    format!("{:032x}", number_of(text))
}
