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

use crate::stage::Server;

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

/// Sends `0` to `3` to such a server. Returns whether the send succeeded, and the requests.
async fn four_messages(refusals: usize, sender_fault: bool) -> (bool, Vec<Vec<String>>) {
    let queue = Queue { requests: Arc::default(), refusals, sender_fault };
    let router = Router::new().route("/", post(send)).with_state(queue.clone());
    let server = Server::start(router, "AWS_ENDPOINT_URL_SQS").await;
    let messages = (0..4).map(|number| Outgoing {
        provider: Provider::META,
        kind: "k".into(),
        group: "g".into(),
        body: number.to_string(),
        delay: Duration::ZERO,
        expires: None,
    });
    let events = SqsEvents::new(&server.session, "http://127.0.0.1:9/q");
    let is_sent = events.send(messages.collect()).await.is_ok();
    let requests = queue.requests.lock().unwrap().clone();
    (is_sent, requests)
}

#[tokio::test]
async fn only_failed_entries_are_sent_again() {
    let (is_sent, requests) = four_messages(2, false).await;
    assert!(is_sent);
    assert_eq!(requests, [vec!["0", "1", "2", "3"], vec!["1", "3"], vec!["1", "3"]]);
}

#[tokio::test]
async fn a_third_failure_is_an_error() {
    let (is_sent, requests) = four_messages(9, false).await;
    assert!(!is_sent);
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn a_sender_fault_is_an_error_at_once() {
    let (is_sent, requests) = four_messages(9, true).await;
    assert!(!is_sent);
    assert_eq!(requests.len(), 1);
}
