use certificate::read;
use envelope::{
    Callback, CertificateData, CertificateEvent, CloudEvent, Envelope, Outcome, Provider,
};
use providers::cloudflare::CloudflareDoor;
use providers::digicert::DigicertDoor;
use providers::door::Door;
use providers::meta::MetaDoor;
use providers::reading;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};
use time::macros::datetime;

use crate::corpus;
use crate::targets::webhooks::receipt;

/// A message of the events queue, as the worker takes it.
pub(crate) fn envelope(data: &[u8]) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(data) else { return };
    comes_back(&envelope);
    let Some(reading) = reading::read(&envelope) else { return };
    let group = reading::group(&envelope, &reading);
    assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
    let challenge = reading::challenge(&envelope);
    assert!(challenge.is_none() || reading.provider == Provider::Digicert);
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
    envelopes().into_iter().map(|envelope| serde_json::to_vec(&of(envelope)).unwrap()).collect()
}

fn envelopes() -> Vec<Envelope> {
    let of = |folder, events: fn(&[u8]) -> Vec<Envelope>| {
        corpus::folder(folder).iter().flat_map(|body| events(body)).collect::<Vec<_>>()
    };
    fn events<D: Door>(body: &[u8]) -> Vec<Envelope> {
        D::events(body, &receipt()).unwrap()
    }
    [
        of("events/digicert", events::<DigicertDoor>),
        of("events/cloudflare", events::<CloudflareDoor>),
        of("events/meta-ct", events::<MetaDoor>),
    ]
    .concat()
}

/// One with every member in it.
fn of(envelope: Envelope) -> CertificateEvent {
    let reading = reading::read(&envelope).unwrap();
    let pem = corpus::folder("shared/certificate/tests/fixtures").concat();
    let pem = String::from_utf8_lossy(&pem);
    let chain = pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap_or_default();
    let bundle = read(chain.as_bytes(), datetime!(2026-03-01 12:00 UTC)).unwrap();
    let callback =
        Callback { outcome: Outcome::Downloaded, reason: None, attempts: 1, status: Some(200) };
    CertificateEvent {
        specversion: envelope.specversion,
        id: envelope.id,
        source: envelope.source,
        kind: reading.kind.as_str().to_owned(),
        subject: envelope.subject,
        time: envelope.time,
        datacontenttype: envelope.datacontenttype,
        dataschema: CertificateEvent::SCHEMA.to_owned(),
        receivedtime: envelope.receivedtime,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        attempts: 1,
        badcertificates: 1,
        reconciled: Some(true),
        replayed: Some(true),
        ordering: Some("stale".into()),
        dataref: Some("s3://archive/digicert/2026/03/01/id.data".into()),
        datarefsize: Some(1),
        datarefsha256: Some("00".into()),
        data: CertificateData {
            provider: reading.provider,
            event: reading.event,
            identifiers: Map::from_iter([("order_id".to_owned(), json!(1))]),
            callback,
            status: Some("issued".into()),
            related: bundle.certificates.clone(),
            certificates: bundle.certificates,
            pem_chain: Some(bundle.pem_chain),
            checks: bundle.checks,
            problems: vec!["caa_error".into()],
            dcv: Some(json!({"method": "http"})),
            payload: Some(envelope.data),
        },
    }
}
