use ::time::Duration;
use envelope::{Outcome, Reason};
use processing::Disposition;
use simulator::Fault;

use crate::bench::{Bench, issued, rejected, tried};
use crate::fakes::{LedgerEntry, Step};

/// Whichever step fails, the message stays on the queue and is delivered with the same id next time.
#[tokio::test]
async fn a_failing_port_leaves_the_message_for_redelivery() {
    for (step, published) in [
        (Step::Claim, 0),
        (Step::Archive, 0),
        (Step::Advance, 0),
        (Step::Publish, 0),
        // When the record of a publication is lost, a repeat with the same id is possible.
        (Step::Record, 1),
    ] {
        let bench = Bench::start().await;
        bench.fake.fail(Some(step));
        let envelope = issued("e", Duration::ZERO);
        assert_eq!(bench.process("r1", &envelope).await, Disposition::Unacknowledged, "{step:?}");
        assert_eq!(bench.fake.events().len(), published, "{step:?}");
        let is_recorded =
            matches!(bench.fake.state().ledger.get("e"), Some(LedgerEntry::Recorded(_)));
        assert!(!is_recorded, "{step:?}");

        bench.fake.fail(None);
        // The next receipt does not wait for the end of the lease.
        assert_eq!(bench.process("r2", &envelope).await, Disposition::Delivered, "{step:?}");
        let events = bench.fake.events();
        assert_eq!(events.len(), published + 1, "{step:?}");
        assert!(events.iter().all(|event| event.id == "e"), "{step:?}");
    }
}

#[tokio::test]
async fn no_call_is_made_before_the_envelope_is_archived() {
    let bench = Bench::start().await;
    bench.fake.fail(Some(Step::Archive));
    bench.process("r", &issued("e", Duration::ZERO)).await;
    assert_eq!(bench.simulator.requests().total(), 0);
}

#[tokio::test]
async fn an_event_that_cannot_be_requeued_is_not_acknowledged() {
    let bench = Bench::start().await;
    bench.fault(Fault::Reset);
    bench.fake.fail(Some(Step::Send));
    assert_eq!(bench.process("r", &issued("e", Duration::ZERO)).await, Disposition::Unacknowledged);
    assert!(bench.fake.envelopes().is_empty());
}

/// This is a failure on our side, so the receive count of the queue decides.
#[tokio::test]
async fn an_unreadable_api_key_leaves_the_message_for_redelivery() {
    let bench = Bench::start().await;
    *bench.key.0.lock().unwrap() = None;
    assert_eq!(
        bench.process("r1", &issued("e", Duration::ZERO)).await,
        Disposition::Unacknowledged
    );
    *bench.key.0.lock().unwrap() = Some("right");
    assert_eq!(bench.process("r2", &issued("e", Duration::ZERO)).await, Disposition::Delivered);
}

/// A placeholder counts as a refused key.
#[tokio::test]
async fn a_placeholder_or_wrong_key_delays_the_event_and_a_new_one_is_read_at_once() {
    for key in ["", "wrong"] {
        let bench = Bench::start().await;
        *bench.key.0.lock().unwrap() = Some(key);
        assert_eq!(bench.process("r1", &issued("e", Duration::ZERO)).await, Disposition::Requeued);
        assert_eq!(bench.fake.state().sent[0].delay.as_secs(), 900);
        *bench.key.0.lock().unwrap() = Some("right");
        assert_eq!(bench.process("r2", &issued("e", Duration::ZERO)).await, Disposition::Delivered);
    }
}

/// Every failed attempt counts, and only bad certificates count as bad certificates.
#[tokio::test]
async fn attempts_and_bad_certificates_are_counted_separately() {
    let bench = Bench::start().await;
    let mut envelope = issued("e", Duration::ZERO);
    let cut = Fault::TruncatedPem;
    let down = Fault::ServerError { status: Some(502) };
    let faults = [
        cut.clone(),
        cut.clone(),
        Fault::Html,
        cut,
        Fault::GarbageArmour,
        down,
        Fault::GarbageArmour,
    ];
    for (number, fault) in (1..).zip(faults) {
        bench.fault(fault.clone());
        assert_eq!(bench.process("r", &envelope).await, Disposition::Requeued, "{fault:?}");
        let back = bench.fake.envelopes().pop().unwrap();
        assert_eq!(back.attempts, number);
        envelope = serde_json::to_value(back).unwrap();
    }
    assert_eq!(envelope["badcertificates"], 2);
    bench.fault(Fault::GarbageArmour);
    assert_eq!(bench.process("r", &envelope).await, Disposition::Delivered);
    let callback = bench.fake.events()[0].data.callback.clone();
    assert_eq!(callback.outcome, Outcome::Failed);
    assert_eq!((callback.reason, callback.attempts), (Some(Reason::BadCertificate), 8));
    // The archive holds the event as it was received.
    assert_eq!(bench.fake.state().archive.len(), 1);
}

/// The requeued envelope is the received one with higher counts, and with the reason.
#[tokio::test]
async fn a_requeued_envelope_differs_only_in_its_counts_and_the_reason() {
    let bench = Bench::start().await;
    bench.fault(Fault::Reset);
    let mut envelope = rejected("e", Duration::hours(3));
    envelope["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into();
    envelope["reconciled"] = true.into();
    envelope["replayed"] = true.into();
    assert_eq!(bench.process("r", &tried(envelope.clone(), 4)).await, Disposition::Requeued);
    let back = serde_json::to_value(bench.fake.envelopes().pop().unwrap()).unwrap();
    let mut expected = tried(envelope, 5);
    expected["retryreason"] = "unreadable".into();
    assert_eq!(back, expected);
    let state = bench.fake.state();
    assert_eq!(state.sent[0].group, "/digicert/certcentral");
    assert_eq!(state.sent[0].kind, "com.digicert.certcentral.order_rejected");
    assert!((16..=32).contains(&state.sent[0].delay.as_secs()), "{:?}", state.sent[0].delay);
}
