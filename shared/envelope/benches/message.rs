//! Serialization of an envelope for the queue, and its parsing, around documents of 1, 10 and 100
//! KB.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use envelope::Envelope;
use serde_json::json;

const KILOBYTES: [usize; 3] = [1, 10, 100];

fn main() {
    divan::main();
}

/// An envelope as it is on the queue.
fn text(kilobytes: usize) -> String {
    let name = "www.example.com";
    let names = vec![name; kilobytes * 1000 / (name.len() + 3)];
    json!({
        "specversion": "1.0",
        "id": "9c2f1b9a0d3f4e5c8b7a69584736251403f2e1d0c9b8a7968574635241302f1e",
        "source": "/digicert/certcentral",
        "type": "com.digicert.certcentral.certificate_issued",
        "subject": "digicert/certificate/23456",
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": Envelope::SCHEMA,
        "receivedtime": "2026-03-01T12:00:00.123456789Z",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "data": { "event": "certificate_issued", "data": { "order_id": 12345, "names": names } },
    })
    .to_string()
}

#[divan::bench(args = KILOBYTES)]
fn written(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let text = text(kilobytes);
    let envelope: Envelope = serde_json::from_str(&text).unwrap();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| serde_json::to_string(black_box(&envelope)).unwrap());
}

#[divan::bench(args = KILOBYTES)]
fn read(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let text = text(kilobytes);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| serde_json::from_str::<Envelope>(black_box(&text)).unwrap());
}
