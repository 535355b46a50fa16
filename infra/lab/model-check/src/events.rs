use envelope::timestamp;
use ports::{PortResult, SecretSource, SecretVersions};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The message of a `certificate_issued` event of DigiCert.
pub(crate) fn issued(id: &str) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77});
    envelope(id, &json!({"event": "certificate_issued", "data": data}))
}

/// The same event as CertCentral sends it once more.
pub(crate) fn repeated(id: &str) -> Value {
    later(issued(id))
}

/// The same event as the reconciler finds it.
pub(crate) fn reconciled(id: &str) -> Value {
    let mut envelope = later(issued(id));
    envelope["reconciled"] = json!(true);
    envelope
}

/// An event of a certificate that CertCentral does not know, after the time in which it could be late.
pub(crate) fn unknown(id: &str) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 0});
    let envelope = envelope(id, &json!({"event": "certificate_issued", "data": data}));
    at(envelope, OffsetDateTime::now_utc() - Duration::hours(1))
}

/// An event that came with a chain.
pub(crate) fn with_chain(id: &str, pem: &str) -> Value {
    let chain = json!([{"subject_common_name": "www.example.com", "pem": pem}]);
    let data = json!({"order_id": 1, "certificate_id": 77, "certificate_chain": chain});
    envelope(id, &json!({"event": "certificate_issued", "data": data}))
}

/// The same event, received a second later.
pub(crate) fn later(envelope: Value) -> Value {
    let time = envelope["receivedtime"].as_str().unwrap();
    let time = OffsetDateTime::parse(time, &Rfc3339).unwrap();
    at(envelope, time + Duration::SECOND)
}

fn at(mut envelope: Value, time: OffsetDateTime) -> Value {
    envelope["receivedtime"] = json!(timestamp(time));
    envelope
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
    let received = timestamp(OffsetDateTime::now_utc());
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
