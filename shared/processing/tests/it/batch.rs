use ::time::Duration;
use envelope::Outcome;
use processing::{Disposition, QueueMessage};
use serde_json::json;

use crate::bench::{Bench, issued, message, observed, rejected};
use crate::fakes::Step;

/// The dispositions come in the order of the messages.
#[tokio::test]
async fn a_bad_message_fails_alone() {
    let bench = Bench::start().await;
    let bad = ["", "not json", "[]", "{}", "\"canary\"", r#"{"specversion":"1.0"}"#, "\u{0}"].map(
        |body| QueueMessage { id: None, receipt: "r".into(), body: body.into(), deadline: None },
    );
    let mut foreign = issued("foreign", Duration::ZERO);
    foreign["source"] = json!("/somebody/else");
    let mut messages: Vec<_> = bad.into();
    messages.push(message("r-foreign", &foreign));
    let mut expected = vec![Disposition::Unacknowledged; messages.len()];
    for (number, at) in [(1, 0), (2, 3), (3, 9)] {
        let id = format!("good{number}");
        messages.insert(at, message(&id, &issued(&id, Duration::ZERO)));
        expected.insert(at, Disposition::Delivered);
    }
    assert_eq!(bench.worker.process_batch(messages).await, expected);
    assert_eq!(bench.fake.events().len(), 3);
}

#[tokio::test]
async fn a_panic_fails_its_own_message_only() {
    let bench = Bench::start().await;
    bench.fake.state().panics_at = Some("b".into());
    let messages =
        ["a", "b", "c"].map(|id| message(&format!("r-{id}"), &issued(id, Duration::ZERO))).into();
    let dispositions = bench.worker.process_batch(messages).await;
    assert_eq!(
        dispositions,
        [Disposition::Delivered, Disposition::Unacknowledged, Disposition::Delivered]
    );
    assert!(
        !Disposition::Unacknowledged.is_done()
            && Disposition::Delivered.is_done()
            && Disposition::Requeued.is_done()
    );
}

/// So the first call-backs are answered while the last messages are claimed.
#[tokio::test]
async fn a_begun_message_goes_on_before_the_next_one_begins() {
    let bench = Bench::start().await;
    let messages = ["a", "b", "c"].map(|id| message(id, &issued(id, Duration::ZERO))).into();
    bench.worker.process_batch(messages).await;
    let state = bench.fake.state();
    let first_archived = state.journal.iter().position(|step| *step == Step::Archive).unwrap();
    let last_claimed = state.journal.iter().rposition(|step| *step == Step::Claim).unwrap();
    assert!(first_archived < last_claimed, "{:?}", state.journal);
}

/// Two copies of one event in a batch: one is delivered, the other comes back later.
#[tokio::test]
async fn copies_in_one_batch_are_delivered_once() {
    let bench = Bench::start().await;
    bench.simulator.delay_by(std::time::Duration::from_millis(100));
    let copy = issued("copy", Duration::ZERO);
    let messages = vec![message("r1", &copy), message("r2", &copy)];
    let dispositions = bench.worker.process_batch(messages).await;
    assert!(
        dispositions.contains(&Disposition::Delivered)
            && dispositions.contains(&Disposition::Requeued),
        "{dispositions:?}"
    );
    assert_eq!(bench.fake.events().len(), 1);
    let back = serde_json::to_value(&bench.fake.envelopes()[0]).unwrap();
    assert_eq!(bench.process("r3", &back).await, Disposition::Duplicate);
}

#[tokio::test]
async fn an_empty_batch_is_done() {
    let bench = Bench::start().await;
    assert_eq!(bench.worker.process_batch(Vec::new()).await, []);
}

/// A provider without a key is not called back, and its events are delivered nevertheless.
#[tokio::test]
async fn without_an_api_key_the_call_back_is_disabled() {
    let bench = Bench::without_keys().await;
    let mut observed = observed("3");
    observed["data"]["entry"][0]["id"] = json!("99");
    for envelope in [issued("1", Duration::ZERO), rejected("2", Duration::ZERO), observed] {
        assert_eq!(bench.process("r", &envelope).await, Disposition::Delivered);
    }
    let events = bench.fake.events();
    assert_eq!(events.len(), 3);
    for event in events {
        let callback = event.data.callback;
        assert_eq!((callback.outcome, callback.reason), (Outcome::Disabled, None), "{}", event.id);
    }
    assert_eq!(bench.simulator.requests().total(), 0);
}
