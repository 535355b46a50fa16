//! SQS takes some messages of a batch and not others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::SqsEvents;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use envelope::Provider;
use ports::{EventsQueue, Outgoing};
use serde_json::{Value, json};

use crate::stage::{is_inside, passes_before, session};

/// What the stand-in for SQS was asked, and how often it does not take a message with an odd number.
#[derive(Clone)]
struct Queue {
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    refusals: usize,
    sender_fault: bool,
}

async fn send(State(queue): State<Queue>, body: String) -> Json<Value> {
    let request: Value = serde_json::from_str(&body).unwrap();
    let entries = request["Entries"].as_array().unwrap();
    let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned());
    let times = {
        let mut asked = queue.asked.lock().unwrap();
        asked.push(bodies.collect());
        asked.len()
    };
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let is_odd = entry["MessageBody"].as_str().unwrap().parse::<u32>().unwrap() % 2 == 1;
        if is_odd && times <= queue.refusals {
            let fault = json!({ "Id": entry["Id"], "Code": "InternalError", "SenderFault": queue.sender_fault });
            failed.push(fault);
        } else {
            successful
                .push(json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "0" }));
        }
    }
    Json(json!({ "Successful": successful, "Failed": failed }))
}

/// Sends `0` to `3` from within a process that finds a stand-in with these ways; answers whether that
/// was well, and what was asked.
async fn four_messages(
    test: &str,
    refusals: usize,
    sender_fault: bool,
) -> (bool, Vec<Vec<String>>) {
    let queue = Queue { asked: Arc::default(), refusals, sender_fault };
    let router = Router::new().route("/", post(send)).with_state(queue.clone());
    let passed = passes_before(router, test, "AWS_ENDPOINT_URL_SQS").await;
    let asked = queue.asked.lock().unwrap().clone();
    (passed, asked)
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
async fn are_sent_again_and_no_others() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, asked) =
        four_messages("failed_entries::are_sent_again_and_no_others", 2, false).await;
    assert!(passed);
    assert_eq!(asked, [vec!["0", "1", "2", "3"], vec!["1", "3"], vec!["1", "3"]]);
}

#[tokio::test]
async fn fail_all_after_three_times() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, asked) =
        four_messages("failed_entries::fail_all_after_three_times", 9, false).await;
    assert!(!passed);
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn fail_at_once_when_the_fault_is_ours() {
    if is_inside() {
        return send_four().await;
    }
    let (passed, asked) =
        four_messages("failed_entries::fail_at_once_when_the_fault_is_ours", 9, true).await;
    assert!(!passed);
    assert_eq!(asked.len(), 1);
}
