use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::stage::{FIRST_KEY, Stage, of, steps};
use crate::harness::{DIGICERT_KEY, Local};
use crate::wire::{DIGICERT, KEY_HEADER, Request};

/// The exit status of a test event with this key.
fn status(stage: &Stage, local: &Local, key: &str) -> i32 {
    let file = stage.file("probe-key", key);
    let url = local.url("/webhooks/digicert");
    stage.webhook(&["test", "--endpoint", &url, "--secret-file", &file]).code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_and_the_old_one_stays_valid_for_a_while() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    let before = stage.remote_webhook().await;
    let out = stage.done(&["rotate", "--json"]);
    assert_eq!(
        steps(&out),
        of([
            ("pending", "done"),
            ("endpoint", "done"),
            ("update", "done"),
            ("promote", "done"),
            ("test", "done"),
        ])
    );
    let secrets = stage.secrets();
    let key = &secrets["digicert_webhook_key"];
    assert_eq!(key.len(), 43);
    assert_eq!(secrets["digicert_webhook_key_previous"], FIRST_KEY);
    assert!(!secrets.contains_key("digicert_webhook_key_pending"));

    let mut there = stage.remote_webhook().await;
    assert_eq!(there["secret"], *key);
    there["secret"] = before["secret"].clone();
    assert_eq!(there, before, "nothing but the secret changed");
    assert_eq!((status(&stage, &local, key), status(&stage, &local, FIRST_KEY)), (0, 0));

    // The next rotation forgets the oldest key.
    stage.done(&["rotate"]);
    let again = stage.secrets();
    assert_eq!(again["digicert_webhook_key_previous"], *key);
    assert!(!again.values().any(|value| value == FIRST_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_key_ends_at_once() {
    let stage = Stage::new().await;
    stage.store("digicert_webhook_key_previous", DIGICERT_KEY);
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    // The webhook endpoint has the old key in its cache, and would keep it for five minutes.
    assert_eq!(status(&stage, &local, FIRST_KEY), 0);
    let out = stage.done(&["rotate", "--compromised", "--json"]);
    let steps = steps(&out);
    assert!(steps.contains(&("old key".into(), "ended".into())), "{out}");
    assert_eq!(steps.last().unwrap(), &("test".into(), "done".into()));
    let secrets = stage.secrets();
    assert!(!secrets.contains_key("digicert_webhook_key_previous"));
    let key = &secrets["digicert_webhook_key"];
    assert_eq!(stage.remote_webhook().await["secret"], *key);
    assert_eq!(status(&stage, &local, key), 0);
    assert_eq!(status(&stage, &local, FIRST_KEY), 1);
    assert_eq!(status(&stage, &local, DIGICERT_KEY), 1);
}

/// Whoever knew the old key may have sent what came with it. What came before, or from another provider, is not listed.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_with_a_compromised_key_is_listed() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    let sent = ["certificate_issued", "certificate_revoked"].map(|event| {
        let data = json!({"order_id": 4, "certificate_id": 5});
        let body = json!({"event": event, "data": data}).to_string();
        Request::bare(DIGICERT, body).with(KEY_HEADER, FIRST_KEY).send(&local).accepted_one()
    });
    local.settle();
    let out = stage.done(&["rotate", "--compromised", "--since", "1h", "--json"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap(), &json!({"suspects": 2}));
    let listed: BTreeSet<_> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!(listed, sent.iter().map(String::as_str).collect());
    let suspect = lines.iter().find(|line| line["id"] == *sent[0]).unwrap();
    assert_eq!(suspect["sourceaddress"], "127.0.0.1");
    assert_eq!(suspect["secretstage"], "AWSCURRENT");

    // What comes with the new key is not listed, and nothing is rotated.
    let key = stage.secrets()["digicert_webhook_key"].clone();
    let body = json!({"event": "certificate_issued", "data": {"order_id": 8, "certificate_id": 9}});
    let request = Request::bare(DIGICERT, body.to_string()).with(KEY_HEADER, key.as_str());
    request.send(&local).accepted_one();
    local.settle();
    let out = stage.done(&["rotate", "--list", "--since", "1h", "--json"]);
    assert_eq!(out.lines().count(), 3, "{out}");
    assert_eq!(stage.secrets()["digicert_webhook_key"], key);

    // They came before the second rotation too.
    let out = stage.done(&["rotate", "--compromised", "--since", "2099-01-01"]);
    assert!(out.lines().last().unwrap().starts_with("0 events came since 2099"), "{out}");
    let ended = stage.webhook(&["rotate", "--since", "1h"]);
    assert!(ended.code == 2 && ended.err.contains("--compromised"), "{ended:?}");
}

/// A webhook endpoint that read its key before the rotation takes the old one for the current one until its cache
/// ends. What came so is listed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stale_cache_admitted_is_listed() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    let send = |order: u64, key: &str| {
        let data = json!({"order_id": order, "certificate_id": order});
        let body = json!({"event": "certificate_issued", "data": data}).to_string();
        Request::bare(DIGICERT, body).with(KEY_HEADER, key).send(&local)
    };
    send(1, FIRST_KEY).accepted_one();
    // As a rotation changes the file, which this endpoint, unlike the command's, is not made to read.
    let secrets = stage.state.path().join("secrets.json");
    let text = std::fs::read_to_string(&secrets).unwrap();
    std::fs::write(&secrets, text.replace(FIRST_KEY, DIGICERT_KEY)).unwrap();
    let stale = send(2, FIRST_KEY).accepted_one();
    // A mismatch makes the endpoint read the file again, but no sooner than five seconds after the last time.
    let deadline = Instant::now() + Duration::from_secs(20);
    let new = loop {
        match send(3, DIGICERT_KEY) {
            refused if refused.status == 401 && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => break answer.accepted_one(),
        }
    };
    local.settle();
    let out = stage.done(&["rotate", "--list", "--since", "1h", "--json"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed = |id: &str| lines.iter().find(|line| line["id"] == *id);
    assert_eq!(listed(&stale).unwrap()["secretstage"], "AWSCURRENT");
    assert!(listed(&new).is_none(), "{out}");
    assert_eq!(lines.last().unwrap(), &json!({"suspects": 2}));
}

/// The endpoint's key is not that of the state folder, so nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_accept_the_new_key_stops_the_rotation() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    let local = other.start_local();
    stage.done(&["create", "--endpoint", &local.url("/webhooks/digicert"), "--secret-from-state"]);
    let ended = stage.webhook(&["rotate"]);
    ended.ended_badly(1, "rolled back; nothing was changed");
    assert_eq!(stage.secrets().into_values().collect::<Vec<_>>(), [FIRST_KEY]);
    assert_eq!(stage.remote_webhook().await["secret"], FIRST_KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_a_variable_cannot_be_rotated() {
    let stage = Stage::new().await;
    let ended = stage.webhook_with(&[("DIGICERT_WEBHOOK_KEY", DIGICERT_KEY)], &["rotate"]);
    ended.refused(1, "DIGICERT_WEBHOOK_KEY is set");
    assert!(!ended.err.contains(DIGICERT_KEY));
    assert_eq!(stage.calls(), [] as [String; 0]);
}
