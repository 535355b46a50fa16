use ::time::Duration;
use envelope::{Callback, Outcome, Reason};
use processing::{Disposition, QueueMessage};
use serde_json::{Value, json};
use simulator::Fault;

use crate::bench::{Bench, envelope, issued, observed, rejected, tried};

/// The call-back of the only delivered event; `None` when the event was requeued.
async fn callback(fault: Fault, envelope: &Value) -> Option<Callback> {
    let bench = Bench::start().await;
    bench.fault(fault);
    match bench.process("r", envelope).await {
        Disposition::Requeued => None,
        Disposition::Delivered => Some(bench.fake.events()[0].data.callback.clone()),
        disposition => panic!("{disposition:?}"),
    }
}

fn failed(reason: Reason, attempts: u32, status: u16) -> Option<Callback> {
    let status = Some(status);
    Some(Callback { outcome: Outcome::Failed, reason: Some(reason), attempts, status })
}

/// The time counts from receipt, regardless of the number of attempts.
#[tokio::test]
async fn after_ten_days_the_event_is_delivered_without_an_answer() {
    let almost = Duration::days(10) - Duration::minutes(1);
    let down = || Fault::ServerError { status: Some(503) };
    let expired = failed(Reason::Expired, 901, 503);
    for make in [issued, rejected] {
        assert_eq!(callback(down(), &tried(make("e", almost), 900)).await, None);
        assert_eq!(callback(down(), &tried(make("e", Duration::days(10)), 900)).await, expired);
    }
    let held = callback(Fault::KeyRefused, &tried(issued("e", Duration::days(10)), 2)).await;
    assert_eq!(held, failed(Reason::Expired, 3, 403));
    // A provider that has recovered is called once more, even then.
    let late = tried(rejected("e", Duration::days(11)), 901);
    let bench = Bench::start().await;
    assert_eq!(bench.process("r", &late).await, Disposition::Delivered);
    assert_eq!(bench.fake.events()[0].data.callback.outcome, Outcome::Queried);
}

/// A download may be unavailable for ten minutes after its event.
#[tokio::test]
async fn after_ten_minutes_a_download_that_is_not_ready_is_final() {
    let (before, after) = (Duration::seconds(590), Duration::minutes(10));
    assert_eq!(callback(Fault::NotReady, &issued("e", before)).await, None);
    let not_ready = failed(Reason::NotReady, 1, 400);
    assert_eq!(callback(Fault::NotReady, &issued("e", after)).await, not_ready);

    // The simulator knows no certificate 0.
    let unknown = |age| {
        let data = json!({"order_id": 1, "certificate_id": 0});
        envelope("e", age, &json!({"event": "certificate_issued", "data": data}))
    };
    let no_fault = || Fault::Slow { millis: 0 };
    assert_eq!(callback(no_fault(), &unknown(before)).await, None);
    assert_eq!(callback(no_fault(), &unknown(after)).await, failed(Reason::NotFound, 1, 404));
}

/// This counts as no attempt.
#[tokio::test]
async fn a_search_that_runs_out_of_time_continues_later() {
    let bench = Bench::with(&[("META_DOMAINS", "example.com")]).await;
    let envelope = observed("e");
    let message = |deadline| QueueMessage {
        id: None,
        receipt: "r".into(),
        body: envelope.to_string(),
        deadline,
    };
    let late = message(Some(std::time::Instant::now()));
    assert_eq!(bench.worker.process(&late).await, Disposition::Requeued);
    assert_eq!(bench.fake.envelopes()[0].attempts, 0);
    assert_eq!(bench.simulator.requests().total(), 0);

    assert_eq!(bench.worker.process(&message(None)).await, Disposition::Delivered);
    assert_eq!(bench.fake.events().len(), 3);
    // A crash before the envelope was recorded repeats nothing, since each certificate is known.
    bench.fake.state().ledger.remove("e");
    assert_eq!(bench.worker.process(&message(None)).await, Disposition::Duplicate);
    assert_eq!(bench.fake.events().len(), 3);
}
