use std::path::Path;
use std::time::Duration;

use embedded::{Reader, State};
use ports::{EventsQueue, Ledger, Outgoing};
use secrecy::{ExposeSecret, SecretString};

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, message, open, open_with, receive, receive_one};

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

/// Whether any file below the folder contains the token.
fn is_found(folder: &Path, token: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        if entry.file_type().unwrap().is_dir() {
            return is_found(&entry.path(), token);
        }
        // SQLite may remove its log meanwhile.
        let content = std::fs::read(entry.path()).unwrap_or_default();
        content.windows(token.len()).any(|window| window == token.as_bytes())
    })
}

async fn keep(state: &State, webhook_id: &str, token: &str, expires: time::OffsetDateTime) {
    let token = SecretString::from(token);
    state.ledger().keep_challenge(webhook_id, &token, expires).await.unwrap();
}

fn challenge(token: &str, expires: time::OffsetDateTime) -> Outgoing {
    Outgoing {
        group: "digicert/webhook/7".to_owned(),
        expires: Some(expires),
        ..message(&format!("{{\"token\":\"{token}\"}}"))
    }
}

pub(crate) async fn waiting(reader: &Reader) -> Vec<(String, String)> {
    let challenges = reader.challenges().await.unwrap();
    challenges
        .into_iter()
        .map(|challenge| (challenge.webhook_id, challenge.token.expose_secret().to_owned()))
        .collect()
}

#[tokio::test]
async fn a_challenge_is_kept_until_it_expires_and_leaves_no_trace() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let used = clock() + HALF_AN_HOUR;
    keep(&state, "7", "first-token-of-7", used).await;
    state.ledger().delete_challenge("7", used).await.unwrap();
    keep(&state, "7", "second-token-of-7", clock() + HALF_AN_HOUR).await;
    keep(&state, "8", "token-of-8", clock() + 2 * HALF_AN_HOUR).await;
    let reader = Reader::open(folder.path()).unwrap();
    let pair = |id: &str, token: &str| (id.to_owned(), token.to_owned());
    assert_eq!(waiting(&reader).await, [pair("8", "token-of-8"), pair("7", "second-token-of-7")]);
    assert!(is_found(folder.path(), "second-token-of-7"), "without this, the test proves nothing");
    until(async || !is_found(folder.path(), "first-token-of-7")).await;
    pass(1801);
    until(async || !is_found(folder.path(), "second-token-of-7")).await;
    assert_eq!(waiting(&state.reader()).await, [pair("8", "token-of-8")]);
    pass(1801);
    until(async || !is_found(folder.path(), "token-of-8")).await;
}

#[tokio::test]
async fn a_deleted_message_leaves_no_trace_of_its_token() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let events = state.events();
    let expires = clock() + HALF_AN_HOUR;
    events
        .send(vec![challenge("acknowledged-token", expires), challenge("expired-token", expires)])
        .await
        .unwrap();
    assert!(is_found(folder.path(), "acknowledged-token"), "without this, the test proves nothing");
    let received = receive_one(&events).await;
    assert!(events.acknowledge(received.receipt).await.unwrap());
    until(async || !is_found(folder.path(), "acknowledged-token")).await;
    assert!(is_found(folder.path(), "expired-token"));
    pass(1801);
    until(async || !is_found(folder.path(), "expired-token")).await;
}

#[tokio::test]
async fn tokens_that_expired_while_no_process_ran_are_gone_after_the_start() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let expires = clock() + HALF_AN_HOUR;
    state.events().send(vec![challenge("queued-token", expires)]).await.unwrap();
    keep(&state, "7", "kept-token", expires).await;
    drop(state);
    pass(1801);
    assert!(is_found(folder.path(), "queued-token") && is_found(folder.path(), "kept-token"));
    let state = open_with(&folder, clock);
    assert!(!is_found(folder.path(), "queued-token") && !is_found(folder.path(), "kept-token"));
    assert_eq!(state.reader().counts().await.unwrap().visible, 0);
}

#[tokio::test]
async fn an_expired_challenge_is_not_kept() {
    let folder = TestFolder::new();
    let state = open(&folder);
    keep(&state, "7", "late-token", time::OffsetDateTime::now_utc()).await;
    assert!(waiting(&state.reader()).await.is_empty());
    until(async || !is_found(folder.path(), "late-token")).await;
}

/// An event is on the queue as it came, with a private key in it, too. What is kept of it has none.
#[tokio::test]
async fn an_event_that_is_done_is_in_no_file_once_nothing_happens() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let events = state.events();
    let body = "a-key-in-an-event".repeat(200);
    events.send(vec![message(&body), message("b")]).await.unwrap();
    let received = receive_one(&events).await;
    assert!(is_found(folder.path(), "a-key-in-an-event"));
    assert!(events.acknowledge(received.receipt).await.unwrap());
    // Those who look at the queue and the deliveries meanwhile delay nothing.
    let is_gone = async || {
        state.reader().read_after(0, 1).await.unwrap();
        assert!(receive(&events, 0).await.is_empty());
        !is_found(folder.path(), "a-key-in-an-event")
    };
    until(is_gone).await;
}
