use std::sync::Arc;

use rusqlite::Connection;
use time::{Duration, OffsetDateTime};

use super::Subscribed;
use crate::harness::Local;
use crate::scene::Scene;

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// Changes the database as if a worker had.
fn execute(scene: &Scene, statements: &str) {
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
    let Subscribed { scene, local } = Subscribed::new().await;
    let (address, state) = (local.address.clone(), local.kill());
    let (recent, received) = ago(Duration::minutes(2));
    execute(&scene, &message(0, recent, &received));
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect(
        "installation",
        "queue",
        "ok",
        "1 visible, 0 in flight, 0 delayed; the oldest was received 2 min ago",
    );

    let (later, _) = ago(-Duration::minutes(10));
    let (_, received) = ago(Duration::hours(5));
    execute(&scene, &message(1, later, &received));
    scene.doctor(&ONLY).expect(
        "installation",
        "queue",
        "warning",
        "1 delayed; the oldest was received 5 h ago",
    );

    let (long_ago, received) = ago(Duration::days(3));
    execute(&scene, &message(0, long_ago, &received));
    let diagnosis = scene.doctor(&ONLY);
    let finding = diagnosis.expect(
        "installation",
        "queue",
        "error",
        "the first has been visible for 3 d and no worker took it",
    );
    let fix = format!("certhooks local --state {}", scene.state.path().display());
    assert_eq!(finding["fix"], fix);
    diagnosis.expect("digicert", "answer", "error", "no connection");

    execute(
        &scene,
        "DELETE FROM messages;
         INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at) VALUES
             ('digicert', 'old', '{}', 6, 'first', 0, 0),
             ('digicert', 'com.digicert.x', '{}', 6, 'received too often', 0, 1000000);",
    );
    let diagnosis = scene.doctor(&ONLY);
    let text = "2, the newest com.digicert.x of 1970-01-01T00:00:01Z: received too often";
    let finding = diagnosis.expect("installation", "dead-letters", "error", text);
    let state_option = format!("--state {}", scene.state.path().display());
    let fix = format!(
        "certhooks dead-letters list {state_option}, then certhooks dead-letters retry --all {state_option}"
    );
    assert_eq!(finding["fix"], fix);
    diagnosis.expect("installation", "queue", "ok", "0 visible");
    execute(&scene, "DELETE FROM dead_letters");
    let _local = Local::start_at(Arc::clone(&state), &address);
    scene.doctor(&ONLY).expect("digicert", "answer", "ok", "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_a_state_folder() {
    let scene = Scene::new().await;
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("installation", "state", "error", "holds no state");
    diagnosis.expect("digicert", "webhook", "error", "has none");
    execute(&scene, "CREATE TABLE something (a)");
    scene.doctor(&ONLY).expect("installation", "state", "error", "schema version");
    std::fs::write(scene.state.path().join("secrets.json"), "{").unwrap();
    scene.doctor_with(&[("DIGICERT_API_KEY", "")], &ONLY).expect(
        "digicert",
        "api-key",
        "error",
        "not JSON at line 1",
    );
}

/// Without a state folder, as for an installation on AWS.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_alone() {
    let Subscribed { scene, local } = Subscribed::new().await;
    let mut command = crate::harness::command(&[
        ("DIGICERT_API_BASE", &scene.simulator.digicert_base()),
        ("DIGICERT_API_KEY", "canary-digicert-api-key"),
        ("DIGICERT_WEBHOOK_KEY", "canary-first-webhook-key-0123456789abcdef"),
    ]);
    command.args(["doctor", "--endpoint", &local.url("/"), "--provider", "digicert"]);
    let output = command.current_dir(std::env::temp_dir()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    for line in [
        "warning  installation state             there is no state folder .certhooks",
        "ok       digicert     key               CertCentral sends the current key",
        "ok       digicert     answer-to-key     test event with this installation's secret: 200",
    ] {
        assert!(out.lines().any(|found| found.starts_with(line)), "{line}\n{out}");
    }
    assert!(!out.contains("canary"), "{out}");
}
