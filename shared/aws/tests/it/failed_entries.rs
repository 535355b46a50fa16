//! SQS accepts some messages of a batch and refuses others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::SqsEvents;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use envelope::Provider;
use ports::{EventsQueue, Outgoing, PortResult};
use serde_json::{Value, json};

use crate::stage::Server;

/// A test server for SQS: the bodies of each request, and how many requests refuse messages with an odd
/// number, and how.
#[derive(Clone)]
struct Queue {
    requests: Arc<Mutex<Vec<Vec<String>>>>,
    refusals: usize,
    refusal: Refusal,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Refusal {
    Ours,
    TheSenders,
    /// The answer names them neither as sent nor as failed.
    Silent,
    /// Of the whole request, by the queue's policy.
    AccessDenied,
}

async fn send(State(queue): State<Queue>, body: String) -> (StatusCode, Json<Value>) {
    let request: Value = serde_json::from_str(&body).unwrap();
    let entries = request["Entries"].as_array().unwrap();
    let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned());
    let count = {
        let mut requests = queue.requests.lock().unwrap();
        requests.push(bodies.collect());
        requests.len()
    };
    if queue.refusal == Refusal::AccessDenied {
        let error = json!({ "__type": "com.amazonaws.sqs#AccessDenied", "message": "no" });
        return (StatusCode::FORBIDDEN, Json(error));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let is_odd = entry["MessageBody"].as_str().unwrap().parse::<u32>().unwrap() % 2 == 1;
        if is_odd && count <= queue.refusals {
            let sender_fault = queue.refusal == Refusal::TheSenders;
            let failure =
                json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": sender_fault });
            failed.extend((queue.refusal != Refusal::Silent).then_some(failure));
        } else {
            successful
                .push(json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0" }));
        }
    }
    (StatusCode::OK, Json(json!({ "Successful": successful, "Failed": failed })))
}

/// Sends `0` to `3` to such a server. Returns the result, and the requests.
async fn four_messages(refusals: usize, refusal: Refusal) -> (PortResult<()>, Vec<Vec<String>>) {
    let queue = Queue { requests: Arc::default(), refusals, refusal };
    let router = Router::new().route("/", post(send)).with_state(queue.clone());
    let server = Server::start(router, "AWS_ENDPOINT_URL_SQS").await;
    let messages = (0..4).map(|number| Outgoing {
        provider: Provider::META,
        kind: "k".into(),
        group: "g".into(),
        body: number.to_string(),
        received: None,
        delay: Duration::ZERO,
        expires: None,
    });
    let events = SqsEvents::new(&server.session, "http://127.0.0.1:9/q");
    let sent = events.send(messages.collect()).await;
    let requests = queue.requests.lock().unwrap().clone();
    (sent, requests)
}

#[tokio::test]
async fn only_entries_that_are_not_on_the_queue_are_sent_again() {
    for refusal in [Refusal::Ours, Refusal::Silent] {
        let (sent, requests) = four_messages(2, refusal).await;
        sent.unwrap();
        assert_eq!(requests, [vec!["0", "1", "2", "3"], vec!["1", "3"], vec!["1", "3"]]);
    }
}

#[tokio::test]
async fn a_third_failure_is_an_error() {
    for (refusal, code) in [(Refusal::Ours, "InternalError"), (Refusal::Silent, "no reason given")]
    {
        let (sent, requests) = four_messages(9, refusal).await;
        let error = sent.unwrap_err().0;
        assert!(error.ends_with(&format!("2 messages were not accepted: {code}")), "{error}");
        assert_eq!(requests.len(), 3);
    }
}

#[tokio::test]
async fn a_refusal_by_the_queues_policy_names_the_parameter() {
    let (sent, requests) = four_messages(9, Refusal::AccessDenied).await;
    let error = sent.unwrap_err().0;
    assert!(error.starts_with("EVENTS_QUEUE_URL: SendMessageBatch: AccessDenied"), "{error}");
    assert!(error.contains("OperatorRoleArns"), "{error}");
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn a_sender_fault_is_an_error_at_once() {
    let (sent, requests) = four_messages(9, Refusal::TheSenders).await;
    assert!(sent.is_err());
    assert_eq!(requests.len(), 1);
}
