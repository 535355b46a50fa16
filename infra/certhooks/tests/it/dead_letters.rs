//! `certhooks dead-letters` while `certhooks local` runs.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::documents::issued;
use crate::harness::{Local, archived, tail};
use crate::scene::Scene;
use crate::wire::{DIGICERT, KEY_HEADER, Request};

const KEY: &str = "canary-first-webhook-key-0123456789abcdef";
const TOKEN: &str = "token-that-nobody-may-see";

/// A running `certhooks local` with four dead letters: two events, one of them already delivered, a
/// message that is not an envelope, and a challenge.
async fn filled() -> (Scene, Local, [String; 2]) {
    let scene = Scene::new().await;
    let local = scene.local();
    let send = |number| {
        let request = Request::bare(DIGICERT, issued(number).to_string()).with(KEY_HEADER, KEY);
        request.send(&local).accepted_one()
    };
    let delivered = send(801);
    local.settle();
    let envelope = archived(&local, "digicert", &delivered);
    let mut other: Value = serde_json::from_str(&envelope).unwrap();
    other["id"] = json!("never-delivered");
    other["subject"] = json!("digicert/order/802");
    other["data"] = issued(802);
    let mut challenge = other.clone();
    challenge["type"] = json!("com.digicert.certcentral.challenge");
    let data = json!({"webhook_id": 7, "token": TOKEN});
    challenge["data"] = json!({"event": challenge_name(), "data": data});
    let bodies = [envelope, other.to_string(), "{\"cut".to_owned(), challenge.to_string()];
    let database = Connection::open(scene.state.path().join("certhooks.db")).unwrap();
    let now = (time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000) as i64;
    for (number, body) in bodies.iter().enumerate() {
        database
            .execute(
                "INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at)
                     VALUES ('digicert', 'kind', ?1, 5, 'received 5 times and not acknowledged',
                             ?2, ?3)",
                (body, i64::try_from(number).unwrap() * 60_000_000, now),
            )
            .unwrap();
    }
    (scene, local, [delivered, "never-delivered".to_owned()])
}

/// The name of the challenge event, from the sample file.
fn challenge_name() -> String {
    let folder = crate::harness::events_folder().join("digicert");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut named = files.filter(|path| path.to_str().unwrap().contains("challenge"));
    let file = std::fs::read(named.next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&file).unwrap()["event"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_with_their_reasons_and_shown() {
    let (scene, _local, ids) = filled().await;
    let listed = scene.lines(&["dead-letters", "list"]);
    let reasons: Vec<_> = listed.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    let received = "received 5 times and not acknowledged";
    assert_eq!(reasons[0], format!("{received}; already delivered, safe to drop"));
    assert_eq!(reasons[1], format!("{received}; not delivered"));
    assert_eq!(reasons[2], format!("not a valid envelope (line 1, column 5); {received}"));
    assert!(reasons[3].starts_with("a challenge, whose token is valid for 30 minutes"));
    assert_eq!(listed[0]["id"], ids[0].as_str());
    assert_eq!(listed[0]["type"], "com.digicert.certcentral.certificate_issued");
    assert_eq!(listed[0]["delivered"], true);

    for (filter, expected) in [
        (&["--event", "certificate_issued"][..], &["1", "2"][..]),
        (&["--subject", "digicert/certificate/802"], &["2"]),
        (&["--id", &ids[1], "--id", "3"], &["2", "3", "4"]),
        (&["--older", "1970-01-01T00:01:30Z"], &["1", "2"]),
        (&["--newer", "1970-01-01T00:01:30Z", "--older", "1970-01-01T00:02:30Z"], &["3"]),
        (&["--provider", "cloudflare"], &[]),
        (&["--queue", "deliveries"], &[]),
        (&["--limit", "3"], &["1", "2", "3"]),
    ] {
        let listed = scene.lines(&[&["dead-letters", "list"], filter].concat());
        let numbers: Vec<_> = listed.iter().map(|line| line["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, expected, "{filter:?}");
    }
    let text = scene.run(&["dead-letters", "list"]).done();
    assert_eq!(text.lines().count(), 1 + 4 + 1, "{text}");
    assert!(text.ends_with("4 dead letters\n"), "{text}");

    let shown = scene.lines(&["dead-letters", "show", "2"]);
    assert_eq!(shown[0]["body"]["data"], issued(802));
    let shown = scene.run(&["dead-letters", "show", "4"]).done();
    assert!(shown.contains("withheld") && !shown.contains(TOKEN), "{shown}");
    scene.run(&["dead-letters", "show", "99"]).refused(3, "no such dead letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_retried_while_local_runs() {
    let (scene, local, ids) = filled().await;
    let done = scene.lines(&["dead-letters", "retry", "--event", "certificate_issued"]);
    assert_eq!(done, [json!({"retried": 2, "left": 0, "challenges": 0})]);
    local.settle();
    let events = tail(local.state.path());
    let delivered: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(delivered, ids, "an event that was delivered is not delivered again");

    let ended = scene.run(&["dead-letters", "retry", "--id", "4"]);
    assert!(ended.done().contains("1 challenge skipped"));
    scene.run(&["dead-letters", "retry", "--id", "1"]).refused(3, "no such dead letter");
    scene.run(&["dead-letters", "retry"]).refused(2, "retry: no dead letters are selected");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_dropped_when_confirmed() {
    let (scene, _local, _) = filled().await;
    scene.run(&["dead-letters", "drop", "--all"]).refused(2, "drop: use --yes");
    scene.run(&["dead-letters", "drop", "--yes"]).refused(2, "drop: no dead letters are selected");
    let done = scene.lines(&["dead-letters", "drop", "--id", "3", "--yes"]);
    assert_eq!(done, [json!({"dropped": 1, "left": 0, "challenges": 0})]);
    scene.run(&["dead-letters", "drop", "--all", "--yes"]).done();
    assert_eq!(scene.run(&["dead-letters", "list", "--json"]).done(), "");
}
