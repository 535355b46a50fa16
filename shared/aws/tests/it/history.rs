//! The states and histories of certificates in the ledger.

use aws::DynamoLedger;
use harness::history::{self, CERTIFICATE, now, recorded, state};
use ports::{CertificateState, Claim, History, Ledger, Ordering};
use time::Duration;

use crate::stage::{Stage, stage};

async fn ledger(stage: &Stage) -> DynamoLedger {
    stage.emulator.create_table("ledger").await.unwrap();
    DynamoLedger::new(&stage.session, "ledger")
}

async fn found(ledger: &DynamoLedger, name: &str) -> Vec<History> {
    ledger.histories(vec![name.to_owned()]).await.unwrap()
}

#[tokio::test]
async fn a_state_moves_on_and_never_back() {
    let stage = stage().await;
    let ledger = ledger(&stage).await;
    let found = async |name: &str| found(&ledger, name).await;
    history::a_state_advances_and_never_goes_back(&ledger, &found).await.unwrap();

    // Concurrent workers advance the state in any order.
    let advances = (10..20).map(|rank| ledger.advance(state(rank, "d")));
    for done in futures_util::future::join_all(advances).await {
        assert!(done.is_ok(), "{done:?}");
    }
    let history = found(CERTIFICATE).await;
    assert_eq!(history[0].state.as_ref().map(|state| state.rank), Some(19));

    // DynamoDB deletes it days later; until then the expiry time is compared.
    let expired = CertificateState { kept_until: now() - Duration::seconds(2), ..state(20, "e") };
    ledger.advance(expired).await.unwrap();
    assert_eq!(found(CERTIFICATE).await, []);
    assert_eq!(ledger.advance(state(1, "f")).await.unwrap(), Ordering::Current);
}

#[tokio::test]
async fn a_history_is_found_by_each_of_its_names() {
    let stage = stage().await;
    let ledger = ledger(&stage).await;
    let found = async |name: &str| found(&ledger, name).await;
    let all = async || ledger.all_histories(|_| ()).await.unwrap();
    history::a_history_is_found_by_each_alias(&ledger, &found, all).await.unwrap();
    let until = now() + Duration::minutes(3);
    assert_eq!(ledger.claim("second", "me", until).await.unwrap(), Claim::Recorded(None));
}

#[tokio::test]
async fn reading_is_bounded_and_a_replay_has_a_line_of_its_own() {
    let stage = stage().await;
    let ledger = ledger(&stage).await;
    let found = async |name: &str| found(&ledger, name).await;
    history::the_number_of_entries_is_limited_and_a_replay_has_its_own(&ledger, &found)
        .await
        .unwrap();
    // The state is a separate item that is read with the events.
    ledger.advance(state(1, "a")).await.unwrap();
    assert!(found(CERTIFICATE).await[0].state.is_some());
    // An event without an alias also has a history.
    ledger.record(recorded("last", now() + Duration::HOUR, &[])).await.unwrap();
    let history = found(CERTIFICATE).await.remove(0);
    assert_eq!(history.entries.last().map(|entry| entry.id.as_str()), Some("last"));
}
