//! States and histories of certificates in the ledger.

use std::fs;

use embedded::{Reader, State};
use harness::history::{self, CERTIFICATE, recorded, state};
use ports::{History, Ledger, Ordering, alias};
use time::{Duration, OffsetDateTime};

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

async fn found(state: &State, name: &str) -> Vec<History> {
    state.reader().histories(vec![name.to_owned()]).await.unwrap()
}

#[tokio::test]
async fn a_state_advances_and_never_goes_back() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let found = async |name: &str| found(&open, name).await;
    history::a_state_advances_and_never_goes_back(&open.ledger(), found).await.unwrap();
}

/// The result does not depend on the order in which workers advance the state.
#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_states_the_highest_rank_stays() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let tasks: Vec<_> = (1..=50)
        .map(|number| {
            let ledger = open.ledger();
            let rank = number * 7 % 51;
            tokio::spawn(async move { ledger.advance(state(rank, &rank.to_string())).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let found = found(&open, CERTIFICATE).await;
    assert_eq!(found[0].state.as_ref().map(|state| state.rank), Some(50));
}

#[tokio::test]
async fn a_history_is_found_by_each_alias_also_by_another_process() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let by_owner = async |name: &str| found(&open, name).await;
    let all = async || open.reader().histories_after(String::new(), 2).await.unwrap();
    history::a_history_is_found_by_each_alias(&open.ledger(), by_owner, all).await.unwrap();
    let next = open.reader().histories_after(CERTIFICATE.to_owned(), 2).await.unwrap();
    assert!(next.is_empty(), "{next:?}");
    let reader = Reader::open(folder.path()).unwrap();
    // A history is returned once, also if several names lead to it.
    let names = vec!["order/12".to_owned(), CERTIFICATE.to_owned()];
    assert_eq!(reader.histories(names).await.unwrap(), by_owner(CERTIFICATE).await);
}

#[tokio::test]
async fn expired_states_and_histories_are_deleted() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let open = open_with(&folder, clock);
    let ledger = open.ledger();
    ledger.advance(state(9, "a")).await.unwrap();
    let event = recorded("a", clock(), &[alias::order(12)]);
    ledger.record(event).await.unwrap();
    pass(399 * 24 * 3600);
    assert_eq!(found(&open, "order/12").await.len(), 1);
    assert_eq!(ledger.advance(state(5, "b")).await.unwrap(), Ordering::Stale);
    pass(2 * 24 * 3600);
    assert_eq!(found(&open, "order/12").await, []);
    let file = folder.path().join("certhooks.db");
    let other = rusqlite::Connection::open(file).unwrap();
    let rows = "SELECT (SELECT count(*) FROM certificates) + (SELECT count(*) FROM history)
        + (SELECT count(*) FROM aliases)";
    until(async || other.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap() == 0).await;
    assert_eq!(ledger.advance(state(5, "b")).await.unwrap(), Ordering::Current);
}

#[tokio::test]
async fn the_number_of_entries_is_limited_and_a_replay_has_its_own() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let (ledger, found) = (open.ledger(), async |name: &str| found(&open, name).await);
    history::the_number_of_entries_is_limited_and_a_replay_has_its_own(&ledger, found)
        .await
        .unwrap();
}

/// The rows of a folder of an earlier version stay, and its schema is migrated.
#[tokio::test]
async fn a_folder_of_version_1_is_migrated() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let file = folder.path().join("certhooks.db");
    fs::remove_file(&file).unwrap();
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../../src/schema/1.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO ledger (id, recorded, keep_until) VALUES ('kept', 1, 9000000000000000);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let error = Reader::open(folder.path()).err().unwrap();
    assert!(error.0.contains("schema version 1, older than"), "{error}");
    let open = open(&folder);
    let until = OffsetDateTime::now_utc() + Duration::minutes(3);
    assert_eq!(
        open.ledger().claim("kept", "me", until).await.unwrap(),
        ports::Claim::Recorded(None)
    );
    assert_eq!(open.ledger().advance(state(1, "a")).await.unwrap(), Ordering::Current);
}
