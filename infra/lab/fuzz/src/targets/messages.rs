use envelope::{CertificateEvent, Envelope};
use providers::dispatch;
use providers::envelope_builder::fair_queue_group;
use providers::profile::{self, Profile};
use serde_json::{Value, json};

use crate::corpus;
use crate::targets::certificates;
use crate::targets::round_trip::assert_round_trip;
use crate::targets::webhooks::NOON;
use crate::webhook_endpoints::SECRET;

/// The input is a message of the events queue.
pub(crate) fn envelope(data: &[u8]) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(data) else { return };
    assert_round_trip(&envelope);
    let _interpretation = dispatch::interpret(&envelope);
    let group = fair_queue_group(&envelope.source);
    assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
}

/// The input is a message of the deliveries queue.
pub(crate) fn event(data: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<CertificateEvent>(data) {
        assert_round_trip(&event);
    }
}

pub(crate) fn envelope_seeds() -> Vec<Vec<u8>> {
    envelopes().iter().map(|envelope| serde_json::to_vec(envelope).unwrap()).collect()
}

pub(crate) fn event_seeds() -> Vec<Vec<u8>> {
    envelopes()
        .iter()
        .map(|envelope| certificate_event(envelope).to_string().into_bytes())
        .collect()
}

pub(super) fn envelopes() -> Vec<Envelope> {
    let received = |profile: &Profile, body: Vec<u8>| {
        let secret = profile.sample_secret(SECRET);
        let request = (profile.samples.request)(&secret, body, NOON).unwrap();
        (profile.receive)(&request.received(NOON), &secret).unwrap()
    };
    let of = |profile: &&'static Profile| {
        let bodies = corpus::folder(&format!("events/{}", profile.name)).into_iter();
        bodies.flat_map(|body| received(profile, body)).collect::<Vec<_>>()
    };
    profile::ALL.iter().flat_map(of).map(|event| event.envelope).collect()
}

/// A certificate event with every member.
fn certificate_event(envelope: &Envelope) -> Value {
    let interpretation = dispatch::interpret(envelope).unwrap();
    let pem = corpus::folder("shared/certificate/tests/fixtures").concat();
    let pem = String::from_utf8_lossy(&pem);
    let chain = pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap_or_default();
    let bundle = certificates::read(chain.as_bytes()).unwrap();
    let mut event = serde_json::to_value(envelope).unwrap();
    for (name, value) in [
        ("type", json!(interpretation.kind)),
        ("dataschema", json!(CertificateEvent::SCHEMA)),
        ("traceparent", json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        ("reconciled", json!(true)),
        ("replayed", json!(true)),
        ("ordering", json!("stale")),
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
        "verdict": bundle.verdict,
        "checks": bundle.checks,
        "problems": ["caa_error"],
        "dcv": {"method": "http"},
        "related": bundle.certificates,
        "payload": envelope.data,
    });
    // A seed that is no certificate event would be useless.
    let _parsed: CertificateEvent = serde_json::from_value(event.clone()).unwrap();
    event
}
