//! SQS accepts some messages of a batch and refuses others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::SqsEvents;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use envelope::Provider;
use ports::{EventsQueue, Outgoing};
use serde_json::{Value, json};

use crate::stage::{is_inside, passes_with_server, session};

/// A test server for SQS: the bodies of each request, and how many requests refuse messages with an odd
/// number.
#[derive(Clone)]
struct Queue {
    requests: Arc<Mutex<Vec<Vec<String>>>>,
    refusals: usize,
    sender_fault: bool,
}

async fn send(State(queue): State<Queue>, body: String) -> Json<Value> {
    let request: Value = serde_json::from_str(&body).unwrap();
    let entries = request["Entries"].as_array().unwrap();
    let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned());
    let count = {
        let mut requests = queue.requests.lock().unwrap();
        requests.push(bodies.collect());
        requests.len()
    };
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let is_odd = entry["MessageBody"].as_str().unwrap().parse::<u32>().unwrap() % 2 == 1;
        if is_odd && count <= queue.refusals {
            let failure = json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": queue.sender_fault });
            failed.push(failure);
        } else {
            successful
                .push(json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0" }));
        }
    }
    Json(json!({ "Successful": successful, "Failed": failed }))
}

/// Sends `0` to `3` from a process that uses such a server. Returns whether the send succeeded, and the
/// requests.
async fn four_messages(
    test: &str,
    refusals: usize,
    sender_fault: bool,
) -> (bool, Vec<Vec<String>>) {
    let queue = Queue { requests: Arc::default(), refusals, sender_fault };
    let router = Router::new().route("/", post(send)).with_state(queue.clone());
    let passed = passes_with_server(router, test, "AWS_ENDPOINT_URL_SQS").await;
    let requests = queue.requests.lock().unwrap().clone();
    (passed, requests)
}

/// The inner half of the tests below.
async fn send_four() {
    let messages = (0..4).map(|number| Outgoing {
        provider: Provider::Meta,
        kind: "k".into(),
        group: "g".into(),
        body: number.to_string(),
        delay: Duration::ZERO,
        expires: None,
    });
    SqsEvents::new(&session(), "http://127.0.0.1:9/q").send(messages.collect()).await.unwrap();
}

#[tokio::test]
async fn only_failed_entries_are_sent_again() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, requests) =
        four_messages("failed_entries::only_failed_entries_are_sent_again", 2, false).await;
    assert!(passed);
    assert_eq!(requests, [vec!["0", "1", "2", "3"], vec!["1", "3"], vec!["1", "3"]]);
}

#[tokio::test]
async fn a_third_failure_is_an_error() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, requests) =
        four_messages("failed_entries::a_third_failure_is_an_error", 9, false).await;
    assert!(!passed);
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn a_sender_fault_is_an_error_at_once() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, requests) =
        four_messages("failed_entries::a_sender_fault_is_an_error_at_once", 9, true).await;
    assert!(!passed);
    assert_eq!(requests.len(), 1);
}
