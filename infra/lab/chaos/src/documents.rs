use envelope::Provider;
use serde_json::{Value, json};

/// The document of event `number`; each number has another one. There are four kinds in turn, three of which
/// need a call-back. None has the day in its id, since sent again after midnight it would be another event.
pub(crate) fn document(number: u64) -> (Provider, Value) {
    match number % 4 {
        0 => (Provider::DIGICERT, digicert("certificate_issued", number)),
        1 => (Provider::DIGICERT, digicert("order_rejected", number)),
        2 => (Provider::CLOUDFLARE, cloudflare("deployment.succeeded", number)),
        _ => (Provider::CLOUDFLARE, cloudflare("deletion.succeeded", number)),
    }
}

fn digicert(event: &str, number: u64) -> Value {
    json!({ "event": event, "data": { "order_id": number + 1, "certificate_id": number + 1 } })
}

fn cloudflare(event: &str, number: u64) -> Value {
    let hostname_id = format!("h{number}");
    json!({
        "metadata": {
            "event": {
                "id": "e",
                "type": format!("ssl.custom_hostname_certificate.{event}"),
                "created_at": "2026-01-02T03:04:05.678Z",
            },
            "account": { "id": "a" },
            "zone": { "id": "z" },
        },
        "data": { "id": hostname_id, "hostname": format!("{hostname_id}.example.com") },
    })
}
