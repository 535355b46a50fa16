//! Another process writes while the owner of the folder writes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use embedded::{Options, State};
use ports::{Deliveries, EventsQueue};

use crate::deliveries::delivery;
use crate::test_folder::TestFolder;
use crate::{bodies, clock, message, open, open_with, receive, send};

const CHILD: &str = "CERTHOOKS_TEST_JOIN";
/// Number of messages that each of the two processes sends and delivers.
const EACH: usize = 120;

fn join(folder: &TestFolder) -> State {
    State::join(folder.path(), Options::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_at_the_same_time_and_lose_nothing() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let mut child = spawn(folder.path());
    let slowest = write(&state, "owner").await;
    assert!(child.wait().unwrap().success());
    assert!(slowest < Duration::from_secs(2), "the owner waited {slowest:?}");

    let sent: BTreeSet<String> =
        receive(&state.events(), 2 * EACH).await.into_iter().map(|message| message.body).collect();
    let delivered = state.reader().read_after(0, 4 * EACH as u32).await.unwrap();
    let delivered: BTreeSet<String> = delivered.into_iter().map(|event| event.id).collect();
    let all: BTreeSet<String> = ["owner", "joined"]
        .iter()
        .flat_map(|who| (0..EACH).map(move |number| format!("{who}-{number}")))
        .collect();
    assert_eq!(sent, all);
    assert_eq!(delivered, all);
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["join::child", "--exact", "--ignored"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "two_processes_write_at_the_same_time_and_lose_nothing runs it"]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let state = State::join(Path::new(&folder), Options::default()).unwrap();
    write(&state, "joined").await;
}

/// Sends and delivers messages one after the other, as fast as possible. Returns the longest
/// duration of one send.
async fn write(state: &State, who: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in 0..EACH {
        let id = format!("{who}-{number}");
        let began = Instant::now();
        state.events().send(vec![message(&id)]).await.unwrap();
        slowest = slowest.max(began.elapsed());
        state.deliveries().publish(delivery(&id)).await.unwrap();
    }
    slowest
}

#[tokio::test]
async fn the_owner_notices_what_another_process_sends() {
    let folder = TestFolder::new();
    let events = open(&folder).events();
    let waiting = tokio::spawn({
        let events = events.clone();
        async move { events.wait_for_message().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    let began = Instant::now();
    send(&join(&folder).events(), ["a"]).await;
    waiting.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    assert_eq!(bodies(&receive(&events, 10).await), ["a"]);
}

#[tokio::test]
async fn without_an_owner_sent_messages_wait() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let (one, other) = (join(&folder).events(), join(&folder).events());
    tokio::join!(send(&one, ["a"]), send(&other, ["b"]));
    drop((one, other));
    assert_eq!(receive(&open(&folder).events(), 10).await.len(), 2);
}

#[tokio::test]
async fn an_owner_can_start_while_another_process_has_joined() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let joined = join(&folder);
    send(&joined.events(), ["a"]).await;
    let owner = open(&folder);
    send(&joined.events(), ["b"]).await;
    assert_eq!(receive(&owner.events(), 10).await.len(), 2);
}

#[test]
fn a_folder_without_state_or_of_another_version_stays_unchanged() {
    let folder = TestFolder::new();
    let error = State::join(folder.path(), Options::default()).err().unwrap();
    assert!(error.0.contains("certhooks local --state"), "{error}");
    assert!(!folder.path().exists());

    drop(open(&folder));
    let file = folder.path().join("certhooks.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = State::join(folder.path(), Options::default()).err().unwrap();
    assert!(error.0.contains("certhooks.db has schema version 99"), "{error}");
}

#[tokio::test]
async fn dead_letters_are_retried_or_removed_once() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let owner = open_with(&folder, clock);
    send(&owner.events(), ["a", "b", "c"]).await;
    for _ in 0..5 {
        assert_eq!(receive(&owner.events(), 10).await.len(), 3);
        pass(181);
    }
    assert!(receive(&owner.events(), 10).await.is_empty());
    let joined = join(&folder);
    let dead = joined.reader().dead_letters(0, 10).await.unwrap();
    let retried: Vec<_> = dead[..2].iter().map(|dead| (dead.id, message(&dead.body))).collect();
    let letters = joined.dead_letters();
    assert_eq!(letters.retry(retried.clone()).await.unwrap(), 2);
    assert_eq!(letters.retry(retried).await.unwrap(), 0, "they were retried already");
    assert_eq!(letters.remove(vec![dead[0].id, dead[2].id]).await.unwrap(), 1);
    assert_eq!(bodies(&receive(&owner.events(), 10).await), ["a", "b"]);
    assert_eq!(owner.reader().counts().await.unwrap().dead, 0);
}
