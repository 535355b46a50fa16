use certificate::read;
use envelope::{CertificateEvent, CloudEvent, Envelope, Provider};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use providers::{dispatch, fair_queue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::corpus;
use crate::targets::webhooks::receipt;

/// A message of the events queue, as the worker takes it.
pub(crate) fn envelope(data: &[u8]) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(data) else { return };
    comes_back(&envelope);
    let Some(interpretation) = dispatch::interpret(&envelope) else { return };
    let group = fair_queue::group(&envelope, &interpretation);
    assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
    let challenge = dispatch::challenge(&envelope);
    assert!(challenge.is_none() || interpretation.provider == Provider::Digicert);
}

/// A message of the deliveries queue, as a consumer takes it.
pub(crate) fn event(data: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<CertificateEvent>(data) {
        comes_back(&event);
    }
}

/// What was written is read as the same.
pub(super) fn comes_back<D: Serialize + DeserializeOwned>(message: &CloudEvent<D>) {
    // A year beyond 9999 cannot be written.
    let Ok(written) = serde_json::to_string(message) else { return };
    let read: CloudEvent<D> = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}

pub(crate) fn envelope_seeds() -> Vec<Vec<u8>> {
    envelopes().iter().map(|envelope| serde_json::to_vec(envelope).unwrap()).collect()
}

pub(crate) fn event_seeds() -> Vec<Vec<u8>> {
    envelopes().iter().map(|envelope| of(envelope).to_string().into_bytes()).collect()
}

fn envelopes() -> Vec<Envelope> {
    let of = |folder, events: fn(&[u8]) -> Vec<Envelope>| {
        corpus::folder(folder).iter().flat_map(|body| events(body)).collect::<Vec<_>>()
    };
    fn events<D: WebhookReceiver>(body: &[u8]) -> Vec<Envelope> {
        D::events(body, &receipt()).unwrap().into_iter().map(|event| event.envelope).collect()
    }
    [
        of("events/digicert", events::<DigicertReceiver>),
        of("events/cloudflare", events::<CloudflareReceiver>),
        of("events/meta-ct", events::<MetaReceiver>),
    ]
    .concat()
}

/// One with every member in it.
fn of(envelope: &Envelope) -> Value {
    let interpretation = dispatch::interpret(envelope).unwrap();
    let pem = corpus::folder("shared/certificate/tests/fixtures").concat();
    let pem = String::from_utf8_lossy(&pem);
    let chain = pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap_or_default();
    let bundle = read(chain.as_bytes(), datetime!(2026-03-01 12:00 UTC)).unwrap();
    let mut event = serde_json::to_value(envelope).unwrap();
    for (name, value) in [
        ("type", json!(interpretation.kind)),
        ("dataschema", json!(CertificateEvent::SCHEMA)),
        ("traceparent", json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        ("reconciled", json!(true)),
        ("replayed", json!(true)),
        ("ordering", json!("stale")),
        ("dataref", json!("s3://archive/digicert/2026/03/01/id.data")),
        ("datarefsize", json!(1)),
        ("datarefsha256", json!("00")),
    ] {
        event[name] = value;
    }
    event["data"] = json!({
        "provider": interpretation.provider,
        "event": interpretation.event,
        "identifiers": interpretation.identifiers,
        "callback": {"outcome": "failed", "reason": "not_ready", "attempts": 1, "status": 200},
        "status": "issued",
        "certificates": bundle.certificates,
        "pem_chain": bundle.pem_chain,
        "checks": bundle.checks,
        "problems": ["caa_error"],
        "dcv": {"method": "http"},
        "related": bundle.certificates,
        "payload": envelope.data,
    });
    // A seed that is no event would be of no use.
    let _is_one: CertificateEvent = serde_json::from_value(event.clone()).unwrap();
    event
}
