//! A full disk and a read-only database, behind a real webhook endpoint.

use std::collections::BTreeSet;

use boot::Environment;
use envelope::Provider;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, StatusCode};
use intake::{Intake, Secrets, Settings};
use providers::digicert::DigicertReceiver;
use providers::request::WebhookRequest;

use crate::test_folder::TestFolder;
use crate::{LocalEvents, LocalSecret, Options, State, schema};

const KEY: &str = "sample-webhook-key-of-32-characters-or-more";
/// More requests than fit into the database at the limit below.
const REQUESTS: u64 = 150;

type DigicertIntake = Intake<DigicertReceiver, LocalEvents, LocalSecret>;

fn intake(state: &State) -> DigicertIntake {
    let settings = Settings::from_environment(&Environment::of_process()).unwrap();
    let secrets = state.secrets(|name| (name == "DIGICERT_WEBHOOK_KEY").then(|| KEY.to_owned()));
    let secrets = Secrets::new(secrets.webhook(Provider::DIGICERT), &settings);
    Intake::new(state.events(), Some(secrets), settings)
}

/// The id that a 200 acknowledges; `None` for a 503, which must have a `Retry-After`.
async fn send(intake: &DigicertIntake, number: u64) -> Option<String> {
    let note = "x".repeat(2000);
    let body = format!(
        r#"{{"event":"domain_validated","data":{{"domain_id":{number},"note":"{note}"}}}}"#
    );
    let mut headers = HeaderMap::new();
    headers.insert("x-webhook-key", KEY.parse().unwrap());
    let request = WebhookRequest {
        method: Method::POST,
        headers,
        query: String::new(),
        source_ip: None,
        body: body.into(),
        received: time::OffsetDateTime::now_utc(),
        traceparent: None,
    };
    let response = intake.handle(request).await;
    if response.status() == StatusCode::OK {
        let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        return Some(answer["ids"][0].as_str().unwrap().to_owned());
    }
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(RETRY_AFTER));
    None
}

async fn set_pragma(state: &State, pragma: &'static str, value: i64) {
    let set = state
        .database()
        .call(move |transaction| transaction.connection.pragma_update(None, pragma, value));
    set.await.unwrap();
}

/// The ids of all messages on the queue.
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

/// With `pragma` set to `bad`, requests are refused; set to `good`, or in the next process, they
/// are accepted again. All acknowledged events are on the queue once, and no others.
async fn refuses_and_recovers(pragma: &'static str, bad: i64, good: Option<i64>) {
    let folder = TestFolder::new();
    let open = || State::open(folder.path(), Options::default()).unwrap();
    let mut state = open();
    let mut endpoint = intake(&state);
    let mut acknowledged = BTreeSet::from([send(&endpoint, 0).await.unwrap()]);
    set_pragma(&state, pragma, bad).await;
    let mut refused = Vec::new();
    for number in 1..REQUESTS {
        match send(&endpoint, number).await {
            Some(id) => assert!(acknowledged.insert(id)),
            None => refused.push(number),
        }
    }
    assert!(!refused.is_empty());
    if let Some(good) = good {
        set_pragma(&state, pragma, good).await;
    } else {
        drop((endpoint, state));
        state = open();
        endpoint = intake(&state);
    }
    for number in refused {
        assert!(acknowledged.insert(send(&endpoint, number).await.unwrap()));
    }
    assert_eq!(acknowledged.len() as u64, REQUESTS);
    drop((endpoint, state));

    let state = open();
    assert_eq!(queued(&state).await, acknowledged);
    drop(state);
    let connection = schema::open_read_only(&folder.path().join(schema::FILE)).unwrap();
    let result: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(result, "ok");
}

#[tokio::test]
async fn a_full_disk_answers_503_and_loses_nothing() {
    refuses_and_recovers("max_page_count", 120, Some(1_000_000)).await;
}

/// `query_only` cannot be unset in a transaction of the same connection, so the state is opened
/// again.
#[tokio::test]
async fn a_read_only_database_answers_503_and_loses_nothing() {
    refuses_and_recovers("query_only", 1, None).await;
}
