use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::Subscribed;
use crate::documents::issued;
use crate::harness::{Local, archived};
use crate::scene::{Scene, json_lines};
use crate::wire::{DIGICERT, KEY_HEADER, Request};

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// Changes the database as if a worker had.
fn execute(scene: &Scene, statements: &str) {
    let database = Connection::open(scene.state.path().join("certhooks.db")).unwrap();
    database.execute_batch(statements).unwrap();
}

/// In microseconds since 1970.
fn ago(duration: Duration) -> i64 {
    let then = OffsetDateTime::now_utc() - duration;
    (then.unix_timestamp_nanos() / 1000) as i64
}

fn message(state: u8, visible: i64, received: i64) -> String {
    format!(
        "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, received_at)
             VALUES ('digicert', 'k', 'g', {state}, 0, {visible}, 0, {received});
         INSERT INTO bodies (id, body) VALUES (last_insert_rowid(), '{{}}');"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_ages_and_dead_letters() {
    let Subscribed { scene, local } = Subscribed::new().await;
    let (address, state) = (local.address.clone(), local.kill());
    let recent = ago(Duration::minutes(2));
    execute(&scene, &message(0, recent, recent));
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect(
        "installation",
        "queue",
        "ok",
        "1 visible, 0 in flight, 0 delayed; the oldest was received 2 min ago",
    );

    let later = ago(-Duration::minutes(10));
    execute(&scene, &message(1, later, ago(Duration::hours(5))));
    scene.doctor(&ONLY).expect(
        "installation",
        "queue",
        "warning",
        "1 delayed; the oldest was received 5 h ago",
    );

    let long_ago = ago(Duration::days(3));
    execute(&scene, &message(0, long_ago, long_ago));
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
        "certhooks dead-letters list {state_option} && certhooks dead-letters retry --all {state_option}"
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
    let finding = diagnosis.expect("installation", "state", "error", "holds no state");
    assert!(finding["fix"].as_str().unwrap().starts_with("certhooks local"), "{finding}");
    diagnosis.expect("digicert", "webhook", "error", "has none");
    execute(&scene, "CREATE TABLE something (a)");
    let diagnosis = scene.doctor(&ONLY);
    let finding = diagnosis.expect("installation", "state", "error", "schema version");
    assert_eq!(finding["fix"], "do what the message says");
    std::fs::write(scene.state.path().join("secrets.json"), "{").unwrap();
    scene.doctor_with(&[("DIGICERT_API_KEY", "")], &ONLY).expect(
        "digicert",
        "api-key",
        "error",
        "not JSON at line 1",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_runs_says_where_it_is_and_whether_it_takes_events() {
    let scene = Scene::new().await;
    let local = scene.local();
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("digicert", "address", "warning", &local.url("/webhooks/digicert"));
    diagnosis.expect("digicert", "answer", "ok", "200");
    diagnosis.expect("digicert", "answer-to-key", "ok", "200");
    diagnosis.expect("installation", "ready", "ok", &format!("by {}", local.admin));

    let other = Connection::open(scene.state.path().join("certhooks.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    scene.doctor(&ONLY).expect("installation", "ready", "error", &local.admin.to_string());
    other.execute_batch("ROLLBACK").unwrap();

    // What the last process said is no address after its end.
    drop(local.kill());
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("digicert", "address", "warning", "no request was sent");
    assert!(diagnosis.all("installation", "ready").is_empty());
    assert!(diagnosis.all("digicert", "answer").is_empty());
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
        "warning  installation  state              there is no state folder .certhooks",
        "ok       digicert      key                CertCentral sends the current key",
        "ok       digicert      answer-to-key      test event with this installation's secret: 200",
    ] {
        assert!(out.lines().any(|found| found.starts_with(line)), "{line}\n{out}");
    }
    assert!(!out.contains("canary"), "{out}");
}

/// A message on the queue as a worker left it: `receives` times received, and why it waits.
fn waiting(state: u8, visible: i64, receives: u8, body: &Value) -> String {
    format!(
        "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, receives)
             VALUES ('digicert', 'k', 'g', {state}, 0, {visible}, 0, {receives});
         INSERT INTO bodies (id, body) VALUES (last_insert_rowid(), '{body}');"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_still_is_found_and_each_fix_works_as_printed() {
    let Subscribed { scene, local } = Subscribed::new().await;
    scene.doctor(&ONLY).expect("installation", "process", "ok", "runs on the folder");
    let key = scene.secrets()["digicert_webhook_key"].clone();
    let request = Request::bare(DIGICERT, issued(811).to_string()).with(KEY_HEADER, key);
    let id = request.send(&local).accepted_one();
    local.settle();
    let envelope: Value = serde_json::from_str(&archived(&local, "digicert", &id)).unwrap();
    drop(local.kill());

    let later = ago(-Duration::minutes(10));
    let mut held = envelope.clone();
    held["retryreason"] = json!("held");
    execute(&scene, &waiting(1, later, 0, &held));
    let diagnosis = scene.doctor(&ONLY);
    let finding =
        diagnosis.expect("installation", "waiting", "warning", "digicert: 1 event (held)");
    let listed = scene.fix(finding);
    assert!(listed.contains("held") && listed.contains(&id), "{listed}");

    // As soon as a key is refused: no time heals that.
    let mut refused = envelope.clone();
    refused["retryreason"] = json!("unauthorized");
    execute(&scene, &format!("DELETE FROM messages; {}", waiting(1, later, 0, &refused)));
    let diagnosis = scene.doctor(&ONLY);
    scene.fix(diagnosis.expect("installation", "waiting", "warning", "1 event (unauthorized)"));

    execute(&scene, &waiting(2, later, 3, &envelope));
    let diagnosis = scene.doctor(&ONLY);
    let text = "1 message received more than once, the most often 3 times";
    let finding = diagnosis.expect("installation", "retries", "warning", text);
    assert!(scene.fix(finding).contains("received 3 times"));

    execute(
        &scene,
        &format!(
            "DELETE FROM messages;
             INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at)
                 VALUES ('digicert', 'k', '{envelope}', 5, 'received 5 times', 0, {later})"
        ),
    );
    let diagnosis = scene.doctor(&ONLY);
    let finding = diagnosis.expect("installation", "dead-letters", "error", "1, the newest k of");
    scene.fix(finding);
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("installation", "dead-letters", "ok", "none");

    execute(&scene, &format!("UPDATE messages SET sent_at = {later}"));
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("installation", "clock", "warning", "9 min ahead of this machine's clock");
    let finding = diagnosis.expect("installation", "process", "error", "no `certhooks local` runs");
    // As printed, but for the port, which another process of this machine may have.
    let line = format!("exec {} --listen 127.0.0.1:0", finding["fix"].as_str().unwrap());
    let mut started = scene.shell_command(&line).stderr(Stdio::null()).spawn().unwrap();
    let runs = || scene.doctor(&ONLY).only("installation", "process")["level"] == "ok";
    assert!((0..100).any(|_| runs()), "it does not start");
    started.kill().unwrap();
    started.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_in_time_is_found_and_each_fix_works_as_printed() {
    let Subscribed { scene, local } = Subscribed::new().await;
    scene.run(&["reconcile", "--provider", "digicert"]).done();
    scene.doctor(&ONLY).expect("installation", "reconciliation", "ok", "digicert 0 s ago");
    // What the ledger keeps as a time is the end of its retention.
    let later = |id: &str, duration: Duration| {
        format!(
            "UPDATE ledger SET keep_until = keep_until - {} WHERE id = '{id}'",
            duration.whole_microseconds()
        )
    };
    execute(&scene, &later("reconciled/last/digicert", Duration::hours(3)));
    let diagnosis = scene.doctor(&ONLY);
    let text = "digicert was not compared for 3 h";
    scene.fix(diagnosis.expect("installation", "reconciliation", "warning", text));
    scene.doctor(&ONLY).expect("installation", "reconciliation", "ok", "digicert 0 s ago");

    let folder = scene.state.path();
    std::fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
    let diagnosis = scene.doctor(&ONLY);
    scene.fix(diagnosis.expect("installation", "state", "error", "can be changed by other users"));
    scene.doctor(&ONLY).expect("installation", "state", "ok", "can be read");

    // A second process could not start beside the one that runs.
    let long_ago = ago(Duration::days(3));
    drop(local.kill());
    execute(&scene, &message(0, long_ago, long_ago));
    let first_word = || {
        let diagnosis = scene.doctor(&ONLY);
        let finding = diagnosis.expect("installation", "queue", "error", "no worker took it");
        finding["fix"].as_str().unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!(first_word(), "certhooks");
    let lock = File::options().write(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(first_word(), "read");
}

/// Every file that grows fails, as on a full disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_write_is_an_error() {
    let Subscribed { scene, local: _local } = Subscribed::new().await;
    scene.doctor(&ONLY).expect("installation", "disk", "ok", "takes a write");
    let doctor = format!("certhooks doctor --json --state {}", scene.state.path().display());
    let ended = scene.shell(&format!("trap '' XFSZ; ulimit -f 0; {doctor} --provider digicert"));
    let findings = json_lines(&ended.out);
    let disk = findings.iter().find(|finding| finding["check"] == "disk").unwrap();
    assert_eq!((ended.code, &disk["level"]), (1, &json!("error")), "{disk}");
    assert!(disk["detail"].as_str().unwrap().contains("cannot write to"), "{disk}");
    scene.fix(disk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_folder_is_a_warning() {
    let scene = Scene::new().await;
    let local = Local::simulated();
    let state = local.state.path().to_str().unwrap();
    let ended =
        scene.shell(&format!("certhooks doctor --json --state {state} --provider digicert"));
    let findings = json_lines(&ended.out);
    let simulation = findings.iter().find(|finding| finding["check"] == "simulation").unwrap();
    assert_eq!(simulation["level"], "warning", "{simulation}");
    for check in ["address", "answer", "answer-to-key"] {
        let finding = findings.iter().find(|finding| finding["check"] == check).unwrap();
        assert_eq!(finding["level"], "ok", "no public address is needed: {finding}");
    }
}
