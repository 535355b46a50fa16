//! Events as the providers send them, with ids that a test chooses.

use serde_json::{Value, json};

pub(crate) fn issued(certificate_id: u64) -> Value {
    let data = json!({"order_id": certificate_id + 1_000_000, "certificate_id": certificate_id});
    json!({"event": "certificate_issued", "data": data})
}

pub(crate) fn rejected(order_id: u64) -> Value {
    json!({"event": "order_rejected", "data": {"order_id": order_id, "certificate_id": 1}})
}

pub(crate) fn deployed(zone_id: &str, hostname_id: &str) -> Value {
    json!({
        "metadata": {
            "event": {
                "id": "e",
                "type": "ssl.custom_hostname_certificate.deployment.succeeded",
                "created_at": "2026-01-02T03:04:05.678Z",
            },
            "account": {"id": "a"},
            "zone": {"id": zone_id},
        },
        "data": {"id": hostname_id, "hostname": format!("{hostname_id}.example.com")},
    })
}

/// A certificate alert of Meta's that holds only an id.
pub(crate) fn observed(entry_id: &str) -> Value {
    let entry = json!({"id": entry_id, "changed_fields": ["certificate"], "time": 1_524_762_838});
    json!({"object": "certificate_transparency", "entry": [entry]})
}

pub(crate) fn phishing(entry_id: &str, domains: &[&str]) -> Value {
    let value = json!({"phishing_domains": domains, "phished_domain": "example.com"});
    let change = json!({"field": "phishing", "value": value});
    let entry = json!({"id": entry_id, "time": 1_524_762_838, "changes": [change]});
    json!({"object": "certificate_transparency", "entry": [entry]})
}
