use std::sync::Arc;

use rusqlite::Connection;
use time::{Duration, OffsetDateTime};

use super::Subscribed;
use crate::harness::Local;
use crate::scene::Scene;

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// As if a worker had left this behind.
fn leave(scene: &Scene, statements: &str) {
    let database = Connection::open(scene.state.path().join("certhooks.db")).unwrap();
    database.execute_batch(statements).unwrap();
}

fn ago(duration: Duration) -> (i64, String) {
    let then = OffsetDateTime::now_utc() - duration;
    let micros = (then.unix_timestamp_nanos() / 1000) as i64;
    (micros, then.format(&time::format_description::well_known::Rfc3339).unwrap())
}

fn message(state: u8, visible: i64, received: &str) -> String {
    format!(
        "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at)
             VALUES ('digicert', 'k', 'g', {state}, 0, {visible}, 0);
         INSERT INTO bodies (id, body) VALUES
             (last_insert_rowid(), '{{\"receivedtime\":\"{received}\"}}');"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_ages_and_dead_letters() {
    let Subscribed { scene, door } = Subscribed::new().await;
    let (address, state) = (door.address.clone(), door.kill());
    let (recent, received) = ago(Duration::minutes(2));
    leave(&scene, &message(0, recent, &received));
    let examined = scene.examine(&ONLY);
    examined.says(
        "here",
        "queue",
        "ok",
        "1 waiting, 0 in flight, 0 for a later try; the oldest came 2 min ago",
    );

    let (later, _) = ago(-Duration::minutes(10));
    let (_, received) = ago(Duration::hours(5));
    leave(&scene, &message(1, later, &received));
    scene.examine(&ONLY).says(
        "here",
        "queue",
        "warning",
        "1 for a later try; the oldest came 5 h ago",
    );

    let (long_ago, received) = ago(Duration::days(3));
    leave(&scene, &message(0, long_ago, &received));
    let examined = scene.examine(&ONLY);
    let finding = examined.says("here", "queue", "error", "no worker took the first for 3 d");
    let fix = format!("certhooks local --state {}", scene.state.path().display());
    assert_eq!(finding["fix"], fix);
    examined.says("digicert", "answer", "error", "no connection");

    leave(
        &scene,
        "DELETE FROM messages;
         INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at) VALUES
             ('digicert', 'old', '{}', 6, 'first', 0, 0),
             ('digicert', 'com.digicert.x', '{}', 6, 'received too often', 0, 1000000);",
    );
    let examined = scene.examine(&ONLY);
    let text = "2, the newest com.digicert.x of 1970-01-01T00:00:01Z: received too often";
    let finding = examined.says("here", "dead-letters", "error", text);
    let here = format!("--state {}", scene.state.path().display());
    let fix = format!(
        "certhooks dead-letters list {here}, then certhooks dead-letters retry --all {here}"
    );
    assert_eq!(finding["fix"], fix);
    examined.says("here", "queue", "ok", "0 waiting");
    leave(&scene, "DELETE FROM dead_letters");
    let _door = Local::start_at(Arc::clone(&state), &address);
    scene.examine(&ONLY).says("digicert", "answer", "ok", "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_is_none() {
    let scene = Scene::new().await;
    let examined = scene.examine(&ONLY);
    examined.says("here", "state", "error", "holds no state");
    examined.says("digicert", "webhook", "error", "has none");
    leave(&scene, "CREATE TABLE something (a)");
    scene.examine(&ONLY).says("here", "state", "error", "schema version");
    std::fs::write(scene.state.path().join("secrets.json"), "{").unwrap();
    scene.examine_with(&[("DIGICERT_API_KEY", "")], &ONLY).says(
        "digicert",
        "api-key",
        "warning",
        "not JSON at line 1",
    );
}

/// Without a state folder, which is how it is with a door on AWS.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_alone() {
    let Subscribed { scene, door } = Subscribed::new().await;
    let mut command = crate::harness::command(&[
        ("DIGICERT_API_BASE", &scene.simulator.digicert_base()),
        ("DIGICERT_API_KEY", "canary-digicert-api-key"),
        ("DIGICERT_WEBHOOK_KEY", "canary-first-webhook-key-0123456789abcdef"),
    ]);
    command.args(["doctor", "--endpoint", &door.url("/"), "--provider", "digicert"]);
    let output = command.current_dir(std::env::temp_dir()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    for line in [
        "warning  here        state             there is no .certhooks here",
        "ok       digicert    key               CertCentral sends the key that is current here",
        "ok       digicert    answer-to-key     test event with our key: 200",
    ] {
        assert!(out.lines().any(|found| found.starts_with(line)), "{line}\n{out}");
    }
    assert!(!out.contains("canary"), "{out}");
}
