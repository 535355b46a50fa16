//! A disk that is full, and a database that may only be read, as the real door meets them.

use std::collections::BTreeSet;

use boot::Environment;
use envelope::Provider;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};
use intake::{Intake, Request, Secrets, Settings};
use providers::digicert::DigicertReceiver;

use crate::folder::TestFolder;
use crate::{LocalEvents, LocalSecret, Options, State, schema};

const KEY: &str = "sample-webhook-key-of-32-characters-or-more";
/// More than fits at the limit below.
const SENT: u64 = 150;

type Door = Intake<DigicertReceiver, LocalEvents, LocalSecret>;

fn door_of(state: &State) -> Door {
    let settings = Settings::from_environment(&Environment::of_process()).unwrap();
    let secrets = state.secrets(|name| (name == "DIGICERT_WEBHOOK_KEY").then(|| KEY.to_owned()));
    let secrets = Secrets::new(secrets.webhook(Provider::Digicert), &settings);
    Intake::new(state.events(), Some(secrets), settings)
}

/// The id that a 200 acknowledges; `None` for a 503, which says when to come again.
async fn send(door: &Door, number: u64) -> Option<String> {
    let note = "x".repeat(2000);
    let body = format!(
        r#"{{"event":"domain_validated","data":{{"domain_id":{number},"note":"{note}"}}}}"#
    );
    let mut headers = HeaderMap::new();
    headers.insert("x-webhook-key", KEY.parse().unwrap());
    let request = Request {
        method: Method::POST,
        headers,
        query: String::new(),
        source_ip: None,
        body: body.into(),
    };
    let response = door.handle(request).await;
    if response.status() == StatusCode::OK {
        let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        return Some(answer["ids"][0].as_str().unwrap().to_owned());
    }
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(RETRY_AFTER));
    None
}

async fn set(state: &State, pragma: &'static str, value: i64) {
    let set = state
        .database()
        .call(move |transaction| transaction.connection.pragma_update(None, pragma, value));
    set.await.unwrap();
}

/// Everything on the queue, by id.
async fn queued(state: &State) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let received = state.events().receive(1000).await.unwrap();
        if received.is_empty() {
            return ids;
        }
        for message in received {
            let envelope: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            assert!(ids.insert(envelope["id"].as_str().unwrap().to_owned()), "twice");
        }
    }
}

/// With `pragma` at `bad` the door refuses; at `good`, or in the next process, it goes on. What it
/// acknowledged is on the queue, once, and nothing else.
async fn refused_and_goes_on(pragma: &'static str, bad: i64, good: Option<i64>) {
    let folder = TestFolder::new();
    let open = || State::open(folder.path(), Options::default()).unwrap();
    let mut state = open();
    let mut door = door_of(&state);
    let mut taken = BTreeSet::from([send(&door, 0).await.unwrap()]);
    set(&state, pragma, bad).await;
    let mut refused = Vec::new();
    for number in 1..SENT {
        match send(&door, number).await {
            Some(id) => assert!(taken.insert(id)),
            None => refused.push(number),
        }
    }
    assert!(!refused.is_empty());
    if let Some(good) = good {
        set(&state, pragma, good).await;
    } else {
        drop((door, state));
        state = open();
        door = door_of(&state);
    }
    for number in refused {
        assert!(taken.insert(send(&door, number).await.unwrap()));
    }
    assert_eq!(taken.len() as u64, SENT);
    drop((door, state));

    let state = open();
    assert_eq!(queued(&state).await, taken);
    drop(state);
    let connection = schema::open_read_only(&folder.path().join(schema::FILE)).unwrap();
    let verdict: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test]
async fn a_full_disk_is_503_and_loses_nothing() {
    refused_and_goes_on("max_page_count", 60, Some(1_000_000)).await;
}

/// Which cannot be taken back from within.
#[tokio::test]
async fn a_database_that_may_only_be_read_is_503_and_loses_nothing() {
    refused_and_goes_on("query_only", 1, None).await;
}
