//! Copies of a state folder, archived events as they came, and deletion of what is stored of an order or a
//! domain.

use serde_json::{Value, json};

use crate::documents::issued;
use crate::harness::{Local, archive, certhooks, tail, tail_lines};
use crate::scene::Scene;
use crate::wire::{DIGICERT, KEY_HEADER, Request};

const KEY: &str = "canary-first-webhook-key-0123456789abcdef";

fn send(local: &Local, event: &Value) -> String {
    let request = Request::bare(DIGICERT, event.to_string()).with(KEY_HEADER, KEY);
    let id = request.send(local).accepted_one();
    local.settle();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_made_while_certhooks_runs_and_can_be_started() {
    let scene = Scene::new().await;
    let local = scene.local();
    let id = send(&local, &issued(901));
    let copy = local.state.path().with_extension("copy");
    let name = copy.to_str().unwrap();
    assert_eq!(scene.lines(&["backup", name]), [json!({ "folder": name })]);
    assert_eq!(scene.run(&["backup", name]).code, 1, "it replaces nothing");
    assert_eq!(tail_lines(&copy), tail_lines(local.state.path()));
    assert_eq!(archive(&copy), archive(local.state.path()));
    std::fs::remove_dir_all(&copy).unwrap();

    let key = archive(local.state.path()).into_keys().next().unwrap();
    let state = local.state.path().to_str().unwrap();
    let printed = certhooks(&[], &["archive", "get", &key, "--state", state]);
    let envelope: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(envelope["id"], id);
    let active = "\u{9b}\u{202e}\u{200b}\u{e0041}";
    let event = json!({ "event": "order_rejected", "data": { "order_id": 7, "note": active } });
    send(&local, &event);
    let keys = archive(local.state.path()).into_keys();
    let printed: String = keys
        .map(|key| certhooks(&[], &["archive", "get", &key, "--state", state]).stdout)
        .map(|printed| String::from_utf8(printed).unwrap())
        .collect();
    assert!(printed.contains(r"\u009b\u202e\u200b\udb40\udc41"), "{printed}");
    assert!(!printed.contains(|character| active.contains(character)), "{printed}");
    let ended = scene.run(&["archive", "get", "digicert/2026/01/01/none"]);
    assert_eq!(ended.code, 3, "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_order_leaves_its_ids_alone() {
    let scene = Scene::new().await;
    let local = scene.local();
    let ids = [send(&local, &issued(901)), send(&local, &issued(902))];
    scene.lines(&["replay", "--order", "1000901", "--run", "r"]);
    let order = ["erase", "--order", "1000901"];
    let listed = scene.lines(&[&order[..], &["--dry-run"]].concat());
    assert_eq!(listed[0], json!({ "id": ids[0] }));
    assert_eq!(tail(local.state.path()).len(), 3, "a dry run erases nothing");

    let erased = scene.lines(&order).pop().unwrap();
    assert_eq!((&erased["archived"], &erased["deliveries"]), (&json!(1), &json!(2)), "{erased}");
    assert_eq!(erased["history"], 1, "{erased}");
    let left = tail(local.state.path());
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], ids[1]);
    assert_eq!(scene.run(&["status", "1000901"]).code, 3);
    assert_eq!(scene.run(&["status", "1000902"]).code, 0);
    // The provider sends it again.
    assert_eq!(send(&local, &issued(901)), ids[0]);
    assert_eq!(tail(local.state.path()).len(), 1);

    let name = left[0]["data"]["certificates"][0]["names"]["dns"][0].as_str().unwrap();
    let erased = scene.lines(&["erase", "--hostname", name]);
    assert_eq!(erased[0], json!({ "id": ids[1] }));
    assert!(tail(local.state.path()).is_empty() && archive(local.state.path()).is_empty());
    assert_eq!(scene.run(&["erase", "--hostname", name]).code, 3);
    let ended = scene.run(&["erase"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("<--order <ID>|--hostname <NAME>>"), "{}", ended.err);
}
