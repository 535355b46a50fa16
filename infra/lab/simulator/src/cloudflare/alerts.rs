use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use serde_json::{Value, json};

use super::replies::found;
use crate::responses::HandlerResult;

/// The types and names of the available alerts.
const ALERTS: [(&str, &str); 3] = [
    (CUSTOM_HOSTNAMES_ALERT, "SSL for SaaS Custom Hostnames Alert"),
    ("dedicated_ssl_certificate_event_type", "Advanced Certificate Alert"),
    ("universal_ssl_event_type", "Universal SSL Alert"),
];

/// Lists the alerts about certificates. An account has many more.
pub(super) async fn available() -> HandlerResult {
    Ok(found(json!({"SSL/TLS": ALERTS.map(alert)})))
}

pub(super) fn is_available(alert_type: &str) -> bool {
    ALERTS.iter().any(|(known, _)| *known == alert_type)
}

fn alert((alert_type, name): (&str, &str)) -> Value {
    json!({
        "type": alert_type,
        "display_name": name,
        "description": "Validation, issuance, renewal and expiration of certificates.",
        "filter_options": [],
    })
}
