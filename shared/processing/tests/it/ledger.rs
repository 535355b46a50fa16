use ::time::{Duration, OffsetDateTime};
use harness::ledger as contract;
use processing::Disposition;
use serde_json::Value;
use simulator::Fault;

use crate::bench::{Bench, issued};
use crate::fakes::{Fake, LedgerEntry, State, Step};

fn claim(bench: &Bench, owner: &str, lease: Duration) {
    let until = OffsetDateTime::now_utc() + lease;
    let entry = LedgerEntry::Claimed { owner: owner.into(), until };
    bench.fake.state().ledger.insert("e".into(), entry);
}

/// Otherwise the tests of this crate would prove nothing about the real ledgers.
#[tokio::test]
async fn the_fake_keeps_the_contract_of_the_ledger() {
    let ledger = Fake::default();
    contract::a_claim_has_one_owner(&ledger).await.unwrap();
    contract::a_refused_claim_names_the_end_of_the_lease(&ledger).await.unwrap();
    contract::a_lease_ends(&ledger).await.unwrap();
    contract::a_recorded_id_stays_recorded(&ledger).await.unwrap();
    contract::a_record_says_what_was_delivered(&ledger).await.unwrap();
    contract::a_forgotten_id_is_new(&ledger).await.unwrap();
}

/// It is requeued unchanged, returns before the lease ends, and uses up no receive.
#[tokio::test]
async fn an_event_claimed_by_another_worker_is_requeued() {
    for (lease, delay) in [(Duration::minutes(1), 5), (Duration::milliseconds(900), 1)] {
        let bench = Bench::start().await;
        claim(&bench, "another", lease);
        let envelope = issued("e", Duration::ZERO);
        assert_eq!(bench.process("mine", &envelope).await, Disposition::Requeued);
        assert_eq!(bench.simulator.requests().total(), 0);
        let state = bench.fake.state();
        assert_eq!(state.journal, [Step::Claim, Step::Send]);
        assert_eq!(serde_json::from_str::<Value>(&state.sent[0].body).unwrap(), envelope);
        assert_eq!(state.sent[0].delay.as_secs(), delay);
        let owner = LedgerEntry::Claimed { owner: "another".into(), until: claimed_until(&state) };
        assert_eq!(state.ledger["e"], owner);
    }
}

fn claimed_until(state: &State) -> OffsetDateTime {
    let Some(LedgerEntry::Claimed { until, .. }) = state.ledger.get("e") else {
        panic!("no claim")
    };
    *until
}

#[tokio::test]
async fn an_expired_lease_or_our_own_does_not_block() {
    for (owner, lease) in [("another", -Duration::SECOND), ("mine", Duration::minutes(1))] {
        let bench = Bench::start().await;
        claim(&bench, owner, lease);
        assert_eq!(
            bench.process("mine", &issued("e", Duration::ZERO)).await,
            Disposition::Delivered
        );
    }
}

/// The lease is as long as the visibility timeout of the events queue.
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
    let lease = claimed_until(&state) - OffsetDateTime::now_utc();
    assert!(lease > Duration::seconds(150) && lease <= Duration::seconds(180), "{lease}");
}

#[tokio::test]
async fn a_delivered_event_is_only_acknowledged() {
    let bench = Bench::start().await;
    let envelope = issued("e", Duration::ZERO);
    assert_eq!(bench.process("r1", &envelope).await, Disposition::Delivered);
    assert_eq!(bench.process("r2", &envelope).await, Disposition::Duplicate);
    assert!(Disposition::Duplicate.is_done());
    assert_eq!(bench.fake.events().len(), 1);
    assert_eq!(bench.simulator.requests().total(), 1);
}

/// The envelope is archived before the call-back, and recorded after the publication.
#[tokio::test]
async fn the_steps_have_their_order() {
    let bench = Bench::start().await;
    bench.process("r", &issued("e", Duration::ZERO)).await;
    let steps = [
        Step::Claim,
        Step::Archive,
        Step::Advance,
        // The issuance by its key, and what the logs showed of that.
        Step::PutItem,
        Step::Items,
        Step::Publish,
        Step::Record,
    ];
    assert_eq!(bench.fake.state().journal, steps);
}

/// The copy is on the queue before the claim is released and the message acknowledged.
#[tokio::test]
async fn a_requeued_event_is_sent_before_its_claim_is_released() {
    let bench = Bench::start().await;
    bench.fault(Fault::ServerError { status: None });
    assert_eq!(bench.process("r", &issued("e", Duration::ZERO)).await, Disposition::Requeued);
    let steps = [Step::Claim, Step::Archive, Step::Send, Step::Release];
    assert_eq!(bench.fake.state().journal, steps);
    assert!(bench.fake.state().ledger.is_empty());
    let delay = bench.fake.state().sent[0].delay;
    assert!((1..=2).contains(&delay.as_secs()), "{delay:?}");
}
