//! What waits on the events queue, as `certhooks queue` and `certhooks status` show it.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use simulator::{Fault, Rule};

use crate::documents::issued;
use crate::scene::Scene;
use crate::wire::{DIGICERT, KEY_HEADER, Request};

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_shown_with_its_reason_and_released() {
    let scene = Scene::new().await;
    let local = scene.local();
    scene.simulator.faults().set([Rule::new("/services/v2", Fault::ServerError { status: None })]);
    let key = scene.secrets()["digicert_webhook_key"].clone();
    let request = Request::bare(DIGICERT, issued(77).to_string()).with(KEY_HEADER, key);
    let id = request.send(&local).accepted_one();
    local.logged(1, |line| line["id"] == *id && line["message"] == "retry scheduled");
    let database = Connection::open(scene.state.path().join("certhooks.db")).unwrap();
    let far = (time::OffsetDateTime::now_utc().unix_timestamp() + 800) * 1_000_000;
    database.execute("UPDATE messages SET visible_at = ?1", [far]).unwrap();

    let listed = scene.lines(&["queue", "list"]);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let waiting = &listed[0];
    assert_eq!(waiting["id"], *id);
    assert_eq!((&waiting["state"], &waiting["reason"]), (&"delayed".into(), &"unavailable".into()));
    assert!(
        waiting["attempts"].as_u64() >= Some(1) && waiting["next_try"].is_string(),
        "{waiting}"
    );
    let order = issued(77)["data"]["order_id"].to_string();
    for name in [id.as_str(), "77", "digicert/certificate/77", &order] {
        let shown = scene.lines(&["status", name]);
        assert_eq!(shown[0]["waiting"]["id"], *id, "{name}: {shown:?}");
    }
    let text = scene.run(&["status", "77"]).done();
    assert!(text.contains("unavailable") && text.contains(&id), "{text}");
    scene.run(&["status", "78"]).refused(3, "nothing of it waits on the events queue");

    scene.run(&["queue", "release"]).refused(2, "no events are selected");
    scene.run(&["queue", "release", "--provider", "cloudflare"]).refused(3, "no such event waits");
    scene.simulator.faults().clear();
    let released = Instant::now();
    scene.run(&["queue", "release", "--provider", "digicert", "--id", &id]).done();
    local.settle();
    assert!(released.elapsed() < Duration::from_secs(60), "it waited on");
    assert_eq!(scene.run(&["queue", "list"]).done(), "0 events on the queue\n");
    // Delivered, it is found by the same names.
    for name in [id.as_str(), "77"] {
        let shown: Vec<Value> = scene.lines(&["status", name]);
        assert_eq!(shown[0]["certificate"], "digicert/certificate/77", "{name}");
    }
}

/// A refused connection is no garbled answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_unreachable() {
    let scene = Scene::new().await;
    let local = scene.local_with(&[("DIGICERT_API_BASE", "http://127.0.0.1:9/services/v2")]);
    let key = scene.secrets()["digicert_webhook_key"].clone();
    let request = Request::bare(DIGICERT, issued(79).to_string()).with(KEY_HEADER, key);
    let id = request.send(&local).accepted_one();
    let lines = local.logged(1, |line| line["id"] == *id && line["message"] == "retry scheduled");
    assert_eq!(lines[0]["reason"], "unreachable");
}
