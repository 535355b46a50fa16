//! `certhooks forget`: ids that the ledger knows can be delivered again.

use serde_json::json;

use crate::documents::{issued, rejected};
use crate::harness::{Local, tail};
use crate::scene::Scene;
use crate::wire::{DIGICERT, KEY_HEADER, Request};

const KEY: &str = "canary-first-webhook-key-0123456789abcdef";

fn send(local: &Local, event: &serde_json::Value) -> String {
    let request = Request::bare(DIGICERT, event.to_string()).with(KEY_HEADER, KEY);
    let id = request.send(local).accepted_one();
    local.settle();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_event_is_delivered_again() {
    let scene = Scene::new().await;
    let local = scene.local();
    let first = send(&local, &issued(901));
    let other = send(&local, &issued(902));
    send(&local, &issued(901));
    assert_eq!(tail(local.state.path()).len(), 2, "the ledger knows it");

    let order = ["forget", "--order", "1000901"];
    let listed = scene.lines(&[&order[..], &["--dry-run"]].concat());
    assert_eq!(listed, [json!({"id": first}), json!({"count": 1})]);
    send(&local, &issued(901));
    assert_eq!(tail(local.state.path()).len(), 2, "a dry run forgets nothing");

    assert_eq!(scene.lines(&order), [json!({"id": first}), json!({"count": 1})]);
    send(&local, &issued(901));
    send(&local, &issued(902));
    let events = tail(local.state.path());
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [first.as_str(), &other, &first]);
}

/// The forged event is evidence, and the true one is wanted too: both stay in the archive, and a replay delivers
/// both.
#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_a_forgotten_event_beside_the_true_one() {
    let scene = Scene::new().await;
    let local = scene.local();
    let id = send(&local, &issued(901));
    assert_eq!(scene.lines(&["forget", "--id", &id]).last(), Some(&json!({"count": 1})));
    assert_eq!(send(&local, &issued(901)), id);
    for selection in [["--id", &id], ["--order", "1000901"]] {
        let listed = scene.lines(&[&["replay", "--dry-run"], &selection[..]].concat());
        assert_eq!(listed.last(), Some(&json!({"count": 2})), "{listed:?}");
        assert_ne!(listed[0]["key"], listed[1]["key"]);
    }
    let replayed = scene.lines(&["replay", "--id", &id, "--run", "named"]);
    assert_eq!(replayed[0]["replayed"], 2);
    let events = tail(local.state.path());
    let ids: Vec<_> = events[2..].iter().map(|event| event["id"].as_str().unwrap()).collect();
    let [one, other] = ids[..] else { panic!("{ids:?}") };
    assert_ne!(one, other, "a consumer that drops known ids takes both");
    for event in &events[2..] {
        assert_eq!(event["causationid"], id);
        assert!(event["id"].as_str().unwrap().contains("/replay/named"), "{event}");
    }
    // Named once, though it is archived twice.
    let forgotten = scene.lines(&["forget", "--order", "1000901"]);
    assert_eq!(forgotten, [json!({"id": id}), json!({"count": 1})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_forgotten_by_name_and_by_time() {
    let scene = Scene::new().await;
    let local = scene.local();
    let ids = [send(&local, &issued(901)), send(&local, &rejected(903))];
    let named = ["forget", "--id", &ids[0]];
    assert_eq!(scene.lines(&named), [json!({"id": ids[0]}), json!({"count": 1})]);
    let ended = scene.run(&["forget", "--id", &ids[0], "--id", "unknown"]);
    assert_eq!(ended.code, 3, "{}", ended.err);
    let early = scene.run(&["forget", "--until", "2026-01-01"]);
    assert_eq!(early.code, 3, "{}", early.err);
    assert_eq!(scene.lines(&["forget", "--since", "1h"]).last(), Some(&json!({"count": 1})));
}

#[tokio::test(flavor = "multi_thread")]
async fn something_must_be_selected() {
    let scene = Scene::new().await;
    let ended = scene.run(&["forget"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("--order"), "{}", ended.err);
}
