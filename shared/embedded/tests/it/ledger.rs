use embedded::LocalLedger;
use ports::{Claim, DeliveryRecord, Ledger};
use time::{Duration, OffsetDateTime};

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

const LEASE: Duration = Duration::seconds(180);

async fn claim(ledger: &LocalLedger, owner: &str, until: OffsetDateTime) -> Claim {
    ledger.claim("id", owner, until).await.unwrap()
}

#[tokio::test]
async fn one_owner_at_a_time_until_its_lease_ends() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let ledger = open_with(&folder, clock).ledger();
    let until = (clock() + LEASE).replace_nanosecond(123_456_000).unwrap();
    assert_eq!(claim(&ledger, "one", until).await, Claim::Granted);
    assert_eq!(claim(&ledger, "one", until).await, Claim::Granted);
    assert_eq!(claim(&ledger, "two", until + LEASE).await, Claim::Held { until });
    assert_eq!(ledger.claim("other id", "two", until).await.unwrap(), Claim::Granted);
    pass(182);
    assert_eq!(claim(&ledger, "two", until + LEASE).await, Claim::Granted);
    assert_eq!(claim(&ledger, "one", until + LEASE).await, Claim::Held { until: until + LEASE });
}

#[tokio::test]
async fn only_the_owner_of_a_claim_can_release_it() {
    let folder = TestFolder::new();
    let ledger = open(&folder).ledger();
    let until = OffsetDateTime::now_utc() + LEASE;
    assert_eq!(claim(&ledger, "one", until).await, Claim::Granted);
    ledger.release("id", "two").await.unwrap();
    assert!(matches!(claim(&ledger, "two", until).await, Claim::Held { .. }));
    ledger.release("id", "one").await.unwrap();
    assert_eq!(claim(&ledger, "two", until).await, Claim::Granted);
    ledger.release("never claimed", "one").await.unwrap();
}

#[tokio::test]
async fn a_recorded_id_stays_recorded_until_it_expires() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let ledger = state.ledger();
    let until = clock() + LEASE;
    claim(&ledger, "one", until).await;
    ledger.record(DeliveryRecord::id("id", clock() + Duration::days(30))).await.unwrap();
    ledger.record(DeliveryRecord::id("id", clock() + Duration::days(30))).await.unwrap();
    ledger.release("id", "one").await.unwrap();
    assert_eq!(claim(&ledger, "one", until).await, Claim::Recorded);
    drop((state, ledger));
    pass(29 * 24 * 3600);
    let state = open_with(&folder, clock);
    assert_eq!(claim(&state.ledger(), "two", clock() + LEASE).await, Claim::Recorded);
    pass(2 * 24 * 3600);
    let ledger = state.ledger();
    until_granted(&ledger, clock).await;
}

#[tokio::test]
async fn recorded_ids_are_known_until_they_expire() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let ledger = open_with(&folder, clock).ledger();
    let kept_until = clock().replace_nanosecond(0).unwrap() + Duration::days(1);
    claim(&ledger, "one", clock() + LEASE).await;
    ledger.record(DeliveryRecord::id("recorded", kept_until)).await.unwrap();
    ledger.record(DeliveryRecord::id("short", clock() + Duration::seconds(5))).await.unwrap();
    let ids = ["id", "recorded", "short", "never seen"].map(str::to_owned);
    let known = ledger.known(&ids).await.unwrap();
    assert_eq!(known.len(), 2, "a claimed id is not recorded: {known:?}");
    assert_eq!(known["recorded"], kept_until);
    pass(6);
    assert_eq!(ledger.known(&ids).await.unwrap().into_keys().collect::<Vec<_>>(), ["recorded"]);
    assert!(ledger.known(&[]).await.unwrap().is_empty());
}

async fn until_granted(ledger: &LocalLedger, clock: fn() -> OffsetDateTime) {
    until(async || claim(ledger, "two", clock() + LEASE).await == Claim::Granted).await;
}

#[tokio::test]
async fn a_restart_ends_leases() {
    let folder = TestFolder::new();
    let until = OffsetDateTime::now_utc() + LEASE;
    assert_eq!(claim(&open(&folder).ledger(), "one", until).await, Claim::Granted);
    assert_eq!(claim(&open(&folder).ledger(), "two", until).await, Claim::Granted);
}
