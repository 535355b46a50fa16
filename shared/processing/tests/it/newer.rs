//! Envelopes of a newer version, which a worker that was rolled back meets.

use ::time::Duration;
use processing::{Disposition, QueueMessage};
use serde_json::Value;

use crate::bench::{Bench, issued};
use crate::fakes::Step;

fn newer(age: Duration) -> String {
    let mut envelope: Value = issued("e", age);
    envelope["dataschema"] = "urn:certhooks:envelope:2".into();
    envelope["data"] = "in another form".into();
    // White space and members in any order: it is not this worker's to write it anew.
    format!(" {{\"new\": [1,  2], {}", envelope.to_string().strip_prefix('{').unwrap())
}

async fn process(bench: &Bench, body: &str) -> Disposition {
    let message =
        QueueMessage { id: None, receipt: "r".into(), body: body.to_owned(), deadline: None };
    bench.worker.process(&message).await
}

#[tokio::test]
async fn a_newer_envelope_is_sent_back_byte_for_byte() {
    let bench = Bench::start().await;
    let body = newer(Duration::days(9));
    assert_eq!(process(&bench, &body).await, Disposition::Requeued);
    let state = bench.fake.state();
    assert_eq!(state.journal, [Step::Send]);
    let message = &state.sent[0];
    assert_eq!((&message.body, message.delay.as_secs()), (&body, 900));
    assert_eq!(message.kind, "com.digicert.certcentral.certificate_issued");
    assert_eq!(message.group, "/digicert/certcentral");
}

/// Ten days end that too.
#[tokio::test]
async fn a_newer_envelope_becomes_a_dead_letter_in_the_end() {
    let bench = Bench::start().await;
    let disposition = process(&bench, &newer(Duration::days(10))).await;
    assert_eq!(disposition, Disposition::Unacknowledged);
    assert!(bench.fake.state().journal.is_empty());
}
