//! Consumers of the deliveries: positions, and what was not taken.

use std::time::Duration;

use embedded::{
    Begin, Consumer, NotTaken, Options, Reader, Retention, State, UntakenFilter, consumer_name,
};
use ports::Deliveries;
use time::OffsetDateTime;

use crate::deliveries::delivery;
use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

async fn publish(state: &State, ids: &[&str]) {
    for id in ids {
        state.deliveries().publish(delivery(id)).await.unwrap();
    }
}

async fn consumer(state: &State, name: &str) -> Consumer {
    state.consumer(name, Begin::Oldest).await.unwrap()
}

/// A failed attempt with the next one in an hour, or none.
fn failure(is_retried: bool) -> NotTaken {
    let due = is_retried.then(|| OffsetDateTime::now_utc() + Duration::from_secs(3600));
    NotTaken { reason: "answered 500".to_owned(), due }
}

/// Name, deliveries behind, waiting and set aside, of every consumer.
async fn statuses(reader: &Reader) -> Vec<(String, u32, u32, u32)> {
    let all = reader.consumers().await.unwrap();
    let counts = all.into_iter().map(|one| (one.name, one.behind, one.waiting, one.set_aside));
    counts.collect()
}

fn is(name: &str, counts: [u32; 3]) -> (String, u32, u32, u32) {
    (name.to_owned(), counts[0], counts[1], counts[2])
}

#[tokio::test]
async fn a_new_consumer_begins_with_the_oldest_delivery_unless_told_otherwise() {
    let folder = TestFolder::new();
    let state = open(&folder);
    publish(&state, &["a", "b"]).await;
    let (all, new) =
        (consumer(&state, "all").await, state.consumer("new", Begin::Now).await.unwrap());
    assert_eq!((all.position().await.unwrap(), new.position().await.unwrap()), (0, 2));
    publish(&state, &["c"]).await;
    all.taken(1).await.unwrap();
    drop((all, new));
    // A consumer that is known goes on where it was.
    for (name, begin, position) in [("all", Begin::Now, 1), ("new", Begin::Oldest, 2)] {
        let again = state.consumer(name, begin).await.unwrap();
        assert_eq!(again.position().await.unwrap(), position);
    }
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(statuses(&reader).await, [is("all", [2, 0, 0]), is("new", [1, 0, 0])]);
}

#[tokio::test]
async fn positions_and_what_was_not_taken_survive_the_process() {
    let folder = TestFolder::new();
    let state = open(&folder);
    publish(&state, &["a", "b", "c", "d"]).await;
    let (one, other) = (consumer(&state, "one").await, consumer(&state, "other").await);
    one.taken(1).await.unwrap();
    one.not_taken(2, failure(true)).await.unwrap();
    one.not_taken(3, failure(false)).await.unwrap();
    other.taken(1).await.unwrap();
    drop((one, other, state));

    // Another process joins, whether an owner runs or not.
    let state = State::join(folder.path(), Options::default()).unwrap();
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(statuses(&reader).await, [is("one", [1, 1, 1]), is("other", [3, 0, 0])]);
    let one = consumer(&state, "one").await;
    assert_eq!(one.position().await.unwrap(), 3);
    assert!(reader.next_due("one").await.unwrap().is_none());
    let untaken = reader.untaken(None, 10).await.unwrap();
    let ids: Vec<_> = untaken.iter().map(|one| (one.id.as_str(), one.due.is_some())).collect();
    assert_eq!(ids, [("b", true), ("c", false)]);

    let filter = |ids: &[&str]| UntakenFilter {
        consumer: Some("one".to_owned()),
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    assert_eq!(state.retry_untaken(filter(&["a", "d"])).await.unwrap(), 0);
    assert_eq!(state.retry_untaken(filter(&["c"])).await.unwrap(), 1);
    let due = reader.next_due("one").await.unwrap().unwrap();
    assert_eq!((due.delivered.id.as_str(), due.attempts), ("c", 0));
    assert_eq!(due.delivered.body, "{\"id\":\"c\"}");
    one.not_taken_again(3, failure(true)).await.unwrap();
    assert_eq!(reader.untaken(None, 10).await.unwrap()[1].attempts, 1);
    one.taken(3).await.unwrap();
    assert_eq!(one.position().await.unwrap(), 3, "a retry does not move the position");
    assert_eq!(state.drop_untaken(filter(&[])).await.unwrap(), 1);
    // An attempt that was in progress meanwhile does not bring it back.
    one.not_taken_again(2, failure(true)).await.unwrap();
    assert_eq!(statuses(&reader).await[0], is("one", [1, 0, 0]));

    assert!(state.remove_consumer("one").await.unwrap_err().0.contains("has the consumer one"));
    drop(one);
    assert!(state.remove_consumer("one").await.unwrap());
    assert!(!state.remove_consumer("one").await.unwrap());
    assert_eq!(statuses(&reader).await, [is("other", [3, 0, 0])]);
}

#[tokio::test]
async fn a_consumer_is_open_once() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let first = consumer(&state, "one").await;
    let second = State::join(folder.path(), Options::default()).unwrap();
    let error = second.consumer("one", Begin::Oldest).await.err().unwrap();
    assert!(error.0.contains("consumer-one.lock is held: another `certhooks forward`"), "{error}");
    drop(first);
    consumer(&second, "one").await;
}

#[test]
fn a_name_can_be_that_of_a_file() {
    for name in ["a", "Inventory-2_x.y", &"x".repeat(64)] {
        assert_eq!(consumer_name(name).unwrap(), name);
    }
    for name in ["", ".", "..", "../a", "a/b", "-a", "ä", "a b", "a\0", &"x".repeat(65)] {
        assert!(consumer_name(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn what_expires_is_counted_for_each_consumer_that_did_not_take_it() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    publish(&state, &["a", "b", "c"]).await;
    let (behind, ahead) = (consumer(&state, "behind").await, consumer(&state, "ahead").await);
    behind.taken(1).await.unwrap();
    ahead.taken(1).await.unwrap();
    ahead.not_taken(2, failure(false)).await.unwrap();
    ahead.taken(3).await.unwrap();
    pass(13 * 24 * 3600);
    publish(&state, &["d"]).await;
    pass(24 * 3600 + 1);
    let reader = state.reader();
    let expired = async || {
        let all = reader.consumers().await.unwrap();
        all.into_iter()
            .map(|one| (one.name.clone(), one.expired, one.not_taken()))
            .collect::<Vec<_>>()
    };
    until(async || reader.read_after(0, 10).await.unwrap().len() == 1).await;
    assert_eq!(expired().await, [("ahead".to_owned(), 1, 1), ("behind".to_owned(), 2, 1)]);
    // What was set aside is gone with its delivery, and an attempt in progress brings nothing back.
    assert!(reader.untaken(None, 10).await.unwrap().is_empty());
    behind.not_taken(2, failure(true)).await.unwrap();
    assert!(reader.untaken(None, 10).await.unwrap().is_empty());
    assert_eq!(behind.position().await.unwrap(), 2);
}

#[tokio::test]
async fn deliveries_are_kept_as_long_as_the_setting_says() {
    let folder = TestFolder::new();
    let state = open(&folder);
    publish(&state, &["old"]).await;
    drop(state);
    let database = rusqlite::Connection::open(folder.path().join("certhooks.db")).unwrap();
    database.execute("UPDATE deliveries SET published_at = published_at - 7200000000", []).unwrap();
    for (hours, kept) in [(3, 1), (1, 0)] {
        let deliveries = Duration::from_secs(hours * 3600);
        let retention = Retention { deliveries, ..Retention::default() };
        let options = Options { retention, ..Options::default() };
        let state = State::open(folder.path(), options).unwrap();
        assert_eq!(state.reader().read_after(0, 10).await.unwrap().len(), kept);
    }
}

#[tokio::test]
async fn deliveries_are_found_by_id_and_time() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let reader = state.reader();
    let (start, before) = (clock(), async |time| reader.sequence_before(time).await.unwrap());
    assert_eq!(before(start).await, 0);
    publish(&state, &["a"]).await;
    pass(100);
    publish(&state, &["b"]).await;
    let middle = start + Duration::from_secs(50);
    assert_eq!((before(start).await, before(middle).await), (0, 1));
    assert_eq!(before(start + Duration::from_secs(200)).await, 2);
    let of = async |id: &str| reader.sequence_of(id.to_owned()).await.unwrap();
    assert_eq!((of("b").await, of("c").await), (Some(2), None));
}
