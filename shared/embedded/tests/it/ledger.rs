use embedded::LocalLedger;
use harness::ledger as contract;
use ports::{Claim, DeliveryRecord, Ledger};
use time::{Duration, OffsetDateTime};

use crate::challenges::waiting;
use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

const LEASE: Duration = Duration::seconds(180);

async fn claim(ledger: &LocalLedger, owner: &str, until: OffsetDateTime) -> Claim {
    ledger.claim("id", owner, until).await.unwrap()
}

#[tokio::test]
async fn the_contract_is_kept() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let ledger = state.ledger();
    contract::a_claim_has_one_owner(&ledger).await.unwrap();
    contract::a_refused_claim_names_the_end_of_the_lease(&ledger).await.unwrap();
    contract::a_lease_ends(&ledger).await.unwrap();
    contract::a_recorded_id_stays_recorded(&ledger).await.unwrap();
    contract::a_record_says_what_was_delivered(&ledger).await.unwrap();
    contract::a_forgotten_id_is_new(&ledger).await.unwrap();
    contract::recorded_ids_are_known(&ledger).await.unwrap();
    contract::items_are_listed_in_order(&ledger).await.unwrap();
    let waiting =
        async || waiting(&state.reader()).await.into_iter().map(|(_, token)| token).collect();
    contract::a_challenge_waits_until_it_expires(&ledger, waiting).await.unwrap();
}

#[tokio::test]
async fn a_lease_ends_with_the_time_of_the_state() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let ledger = open_with(&folder, clock).ledger();
    let until = clock() + LEASE;
    assert_eq!(claim(&ledger, "one", until).await, Claim::Granted);
    pass(178);
    assert!(matches!(claim(&ledger, "two", until + LEASE).await, Claim::Held { .. }));
    pass(4);
    assert_eq!(claim(&ledger, "two", until + LEASE).await, Claim::Granted);
}

#[tokio::test]
async fn a_recorded_id_is_known_until_it_expires_also_after_a_restart() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let record = DeliveryRecord::id("id", clock() + Duration::days(30));
    open_with(&folder, clock).ledger().record(record).await.unwrap();
    pass(29 * 24 * 3600);
    let ledger = open_with(&folder, clock).ledger();
    let ids = ["id".to_owned()];
    assert_eq!(claim(&ledger, "two", clock() + LEASE).await, Claim::Recorded(None));
    assert_eq!(ledger.known(&ids).await.unwrap().len(), 1);
    pass(2 * 24 * 3600);
    assert!(ledger.known(&ids).await.unwrap().is_empty());
    until(async || claim(&ledger, "two", clock() + LEASE).await == Claim::Granted).await;
}

#[tokio::test]
async fn a_restart_ends_leases() {
    let folder = TestFolder::new();
    let until = OffsetDateTime::now_utc() + LEASE;
    assert_eq!(claim(&open(&folder).ledger(), "one", until).await, Claim::Granted);
    assert_eq!(claim(&open(&folder).ledger(), "two", until).await, Claim::Granted);
}
