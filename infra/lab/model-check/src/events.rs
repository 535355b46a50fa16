use envelope::rfc3339;
use ports::{PortResult, SecretSource, SecretVersions};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The message of a `certificate_issued` event of DigiCert.
pub(crate) fn issued(id: &str) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77});
    envelope(id, &json!({"event": "certificate_issued", "data": data}))
}

/// The revocation of the same certificate.
pub(crate) fn revoked(id: &str) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77});
    envelope(id, &json!({"event": "certificate_revoked", "data": data}))
}

/// An event of DigiCert for which there is no call-back.
pub(crate) fn validated(id: &str) -> Value {
    envelope(id, &json!({"event": "domain_validated", "data": {"domain_id": 7}}))
}

/// A certificate alert of Meta without an id to look up, so that the worker searches for certificates.
pub(crate) fn observed(id: &str) -> Value {
    let entry = json!({"id": "../", "time": 1, "changed_fields": ["certificate"]});
    let document = json!({"object": "certificate_transparency", "entry": [entry], "event": "x"});
    let mut envelope = envelope(id, &document);
    envelope["source"] = json!("/meta/certificate-transparency");
    envelope
}

fn envelope(id: &str, document: &Value) -> Value {
    let received = rfc3339(OffsetDateTime::now_utc());
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/digicert/certcentral",
        "type": format!("com.digicert.certcentral.{}", document["event"].as_str().unwrap()),
        "subject": "digicert/certificate/77",
        "time": received,
        "datacontenttype": "application/json",
        "dataschema": "urn:certhooks:envelope:1",
        "receivedtime": received,
        "data": document,
    })
}

/// The API key of every provider. The simulated providers accept any key.
#[derive(Clone)]
pub(crate) struct ApiKey;

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some("key".into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}
