mod interpretation;
mod shapes;

use serde_json::{Value, json};

const PREFIX: &str = "ssl.custom_hostname_certificate.";

fn document(suffix: &str) -> Value {
    json!({
        "metadata": {
            "event": {"id": "w", "type": format!("{PREFIX}{suffix}"), "created_at": "2022-02-09T00:03:28.385080Z"},
            "account": {"id": "a1"},
            "zone": {"id": "z-1"},
        },
        "data": {"id": "h_1", "hostname": "a.example", "ssl": {"id": "c1", "status": "active"}},
    })
}
