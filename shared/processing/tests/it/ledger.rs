use ::time::{Duration, OffsetDateTime};
use processing::Disposition;
use serde_json::Value;
use simulator::Fault;

use crate::bench::{Bench, issued};
use crate::fakes::{Entry, State, Step};

fn held(bench: &Bench, by: &str, lease: Duration) {
    let until = OffsetDateTime::now_utc() + lease;
    let entry = Entry::Claimed { owner: by.into(), until };
    bench.fake.state().ledger.insert("e".into(), entry);
}

/// As it came, before the lease ends, and without a receive that counts against it.
#[tokio::test]
async fn what_another_worker_holds_is_put_back() {
    for (lease, delay) in [(Duration::minutes(1), 5), (Duration::milliseconds(900), 1)] {
        let bench = Bench::start().await;
        held(&bench, "another", lease);
        let envelope = issued("e", Duration::ZERO);
        assert_eq!(bench.process("mine", &envelope).await, Disposition::Requeued);
        assert_eq!(bench.simulator.requests().total(), 0);
        let state = bench.fake.state();
        assert_eq!(state.journal, [Step::Claim, Step::Send]);
        assert_eq!(serde_json::from_str::<Value>(&state.sent[0].body).unwrap(), envelope);
        assert_eq!(state.sent[0].delay.as_secs(), delay);
        let owner = Entry::Claimed { owner: "another".into(), until: held_until(&state) };
        assert_eq!(state.ledger["e"], owner);
    }
}

fn held_until(state: &State) -> OffsetDateTime {
    let Some(Entry::Claimed { until, .. }) = state.ledger.get("e") else { panic!("no claim") };
    *until
}

#[tokio::test]
async fn a_lease_that_is_over_or_our_own_is_no_obstacle() {
    for (owner, lease) in [("another", -Duration::SECOND), ("mine", Duration::minutes(1))] {
        let bench = Bench::start().await;
        held(&bench, owner, lease);
        assert_eq!(
            bench.process("mine", &issued("e", Duration::ZERO)).await,
            Disposition::Delivered
        );
    }
}

/// As long as the events queue keeps a message invisible.
#[tokio::test]
async fn the_lease_is_the_visibility_timeout() {
    let bench = Bench::start().await;
    bench.fake.fail(Some(Step::Release));
    bench.fault(Fault::ServerError { status: None });
    assert_eq!(
        bench.process("mine", &issued("e", Duration::ZERO)).await,
        Disposition::Unacknowledged
    );
    let state = bench.fake.state();
    let lease = held_until(&state) - OffsetDateTime::now_utc();
    assert!(lease > Duration::seconds(150) && lease <= Duration::seconds(180), "{lease}");
}

#[tokio::test]
async fn what_was_delivered_is_acknowledged_and_nothing_else() {
    let bench = Bench::start().await;
    let envelope = issued("e", Duration::ZERO);
    assert_eq!(bench.process("r1", &envelope).await, Disposition::Delivered);
    assert_eq!(bench.process("r2", &envelope).await, Disposition::Duplicate);
    assert!(Disposition::Duplicate.is_done());
    assert_eq!(bench.fake.events().len(), 1);
    assert_eq!(bench.simulator.requests().total(), 1);
}

/// Archived before the call-back; recorded after the publication.
#[tokio::test]
async fn the_steps_have_their_order() {
    let bench = Bench::start().await;
    bench.process("r", &issued("e", Duration::ZERO)).await;
    let steps = [Step::Claim, Step::Archive, Step::Advance, Step::Publish, Step::Record];
    assert_eq!(bench.fake.state().journal, steps);
}

/// On the queue again before anybody else may have it, and before it is acknowledged.
#[tokio::test]
async fn what_is_put_back_is_sent_before_it_is_released() {
    let bench = Bench::start().await;
    bench.fault(Fault::ServerError { status: None });
    assert_eq!(bench.process("r", &issued("e", Duration::ZERO)).await, Disposition::Requeued);
    let steps = [Step::Claim, Step::Archive, Step::Send, Step::Release];
    assert_eq!(bench.fake.state().journal, steps);
    assert!(bench.fake.state().ledger.is_empty());
    let delay = bench.fake.state().sent[0].delay;
    assert!((1..=2).contains(&delay.as_secs()), "{delay:?}");
}
