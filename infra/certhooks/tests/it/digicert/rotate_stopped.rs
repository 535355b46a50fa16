//! A rotation that was stopped at any point finishes when it is run again, or is rolled back.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use simulator::{Fault, Rule};

use super::api::Api;
use super::stage::{API_KEY, FIRST_KEY, Stage, of, steps};
use crate::harness::Local;

const NEXT_KEY: &str = "canary-next-webhook-key-0123456789abcdef";
const PENDING: &str = "digicert_webhook_key_pending";
const PREVIOUS: &str = "digicert_webhook_key_previous";
const CURRENT: &str = "digicert_webhook_key";

async fn subscribed() -> (Stage, Local) {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    (stage, local)
}

/// The state after a run was stopped when the key was stored and CertCentral had it.
async fn switched(stage: &Stage, local: &Local) {
    stage.store(PENDING, NEXT_KEY);
    let url = format!("{}/webhook/12345", stage.simulator.digicert_base());
    let body = json!({ "endpoint": local.url("/webhooks/digicert"), "secret": NEXT_KEY });
    let put = Client::new().put(url).header("X-DC-DEVKEY", API_KEY).body(body.to_string());
    assert_eq!(put.send().await.unwrap().status(), 204);
}

async fn assert_consistent(stage: &Stage, key: &str) {
    let secrets = stage.secrets();
    assert_eq!((secrets[CURRENT].as_str(), secrets.get(PENDING)), (key, None));
    let there = stage.remote_webhook().await;
    assert_eq!((&there["secret"], &there["status"]), (&json!(key), &json!("active")));
    stage.done(&["test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_when_the_key_was_stored() {
    let (stage, _local) = subscribed().await;
    stage.store(PENDING, NEXT_KEY);
    let out = stage.done(&["rotate", "--json"]);
    assert_eq!(steps(&out)[0], ("pending".to_owned(), "already".to_owned()));
    assert_consistent(&stage, NEXT_KEY).await;
    assert_eq!(stage.secrets()[PREVIOUS], FIRST_KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_when_certcentral_had_the_key() {
    let (stage, local) = subscribed().await;
    switched(&stage, &local).await;
    let out = stage.done(&["rotate", "--json"]);
    assert_eq!(
        steps(&out),
        of([("pending", "already"), ("update", "already"), ("promote", "done"), ("test", "done"),])
    );
    assert_consistent(&stage, NEXT_KEY).await;
}

/// `kill -9` during the wait.
#[tokio::test(flavor = "multi_thread")]
async fn killed_and_run_again() {
    let (stage, _local) = subscribed().await;
    let mut child = stage.spawn(&[], &["rotate"]);
    while !stage.secrets().contains_key(PENDING) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A second rotation is refused while the first one holds the lock.
    stage.webhook(&["rotate"]).refused(1, "another rotation");
    child.kill().unwrap();
    child.wait().unwrap();
    let next = stage.secrets()[PENDING].clone();
    stage.done(&["rotate"]);
    assert_consistent(&stage, &next).await;
}

/// A pending key may have leaked with the current one, so it is replaced unless CertCentral has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_compromise_replaces_a_pending_key() {
    let (stage, _local) = subscribed().await;
    stage.store(PENDING, NEXT_KEY);
    stage.done(&["rotate", "--compromised"]);
    let secrets = stage.secrets();
    assert!(!secrets.values().any(|value| value == NEXT_KEY || value == FIRST_KEY));
    assert_consistent(&stage, &secrets[CURRENT]).await;
}

/// CertCentral refuses the new key, so it is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn refused_by_certcentral() {
    let (stage, _local) = subscribed().await;
    let path = "/services/v2/webhook/12345";
    stage.simulator.faults().set(vec![Rule::new(path, Fault::MissingPermission)]);
    let ended = stage.webhook(&["rotate"]);
    ended.ended_badly(1, "missing_permission");
    assert!(ended.err.ends_with("; rolled back; nothing was changed\n"), "{ended:?}");
    stage.simulator.faults().clear();
    assert_consistent(&stage, FIRST_KEY).await;
}

/// It is unknown whether CertCentral has the new key, so both keys stay valid until the next run.
#[tokio::test(flavor = "multi_thread")]
async fn unanswered_by_certcentral() {
    let (stage, _local) = subscribed().await;
    let path = "/services/v2/webhook/12345";
    for fault in [Fault::Reset, Fault::ServerError { status: Some(504) }] {
        let before = stage.secrets()[CURRENT].clone();
        stage.simulator.faults().set(vec![Rule::new(path, fault)]);
        let ended = stage.webhook(&["rotate"]);
        ended.ended_badly(1, "accepts both keys; run `certhooks digicert webhook rotate` again");
        stage.simulator.faults().clear();
        let next = stage.secrets()[PENDING].clone();
        assert_eq!(stage.secrets()[CURRENT], before);
        stage.done(&["test"]);
        stage.done(&["rotate"]);
        assert_consistent(&stage, &next).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rolled_back() {
    let (stage, local) = subscribed().await;
    stage.webhook(&["rotate", "--roll-back"]).refused(3, "no rotation is in progress");
    stage.store(PENDING, NEXT_KEY);
    assert_eq!(
        stage.done(&["rotate", "--roll-back"]),
        "pending    removed  the current key stays\n"
    );
    assert_consistent(&stage, FIRST_KEY).await;

    switched(&stage, &local).await;
    let out = stage.done(&["rotate", "--roll-back", "--json"]);
    assert_eq!(steps(&out), of([("update", "done"), ("pending", "removed")]));
    assert_consistent(&stage, FIRST_KEY).await;
}

/// Where CertCentral does not show the secret, the command cannot tell whether it was replaced, so it sets it.
#[tokio::test(flavor = "multi_thread")]
async fn rolled_back_without_seeing_the_secret() {
    let stage = Stage::new().await;
    stage.store(PENDING, NEXT_KEY);
    let api = Api::start(|call| match call.line.as_str() {
        "PUT /webhook/7" => (204, Value::Null),
        _ => (200, json!({ "webhooks": [{ "id": 7, "endpoint": "https://hooks.example.com/" }] })),
    });
    let api = api.await;
    let base = [("DIGICERT_API_BASE", api.base.as_str())];
    let out = stage.webhook_with(&base, &["rotate", "--roll-back", "--json"]).done();
    assert_eq!(steps(&out), of([("update", "done"), ("pending", "removed")]));
    let put = api.calls().into_iter().find(|call| call.line == "PUT /webhook/7").unwrap();
    let expected = json!({ "endpoint": "https://hooks.example.com/", "secret": FIRST_KEY });
    assert_eq!(put.body, expected);
    assert!(!stage.secrets().contains_key(PENDING));
}
