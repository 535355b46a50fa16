//! Liveness, readiness and metrics of `certhooks local`, on an address of their own, and what systemd is
//! notified of.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::{Folder, Local, certhooks, tail_lines};
use crate::wire::Request;

fn event(number: u64) -> Request {
    Request::digicert(format!(
        r#"{{"event":"domain_validated","data":{{"domain_id":{number},"domain_name":"example.com"}}}}"#
    ))
}

#[test]
fn health_and_metrics() {
    let local = Local::start(&[]);
    assert_eq!(local.admin("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(local.admin("/readyz"), (200, "ok\n".to_owned()));
    for number in 0..3 {
        event(number).send(&local).accepted_one();
    }
    local.delivered(3);
    local.settle();
    let (status, metrics) = local.admin("/metrics");
    assert_eq!(status, 200);
    for line in [
        "# HELP Accepted Events that were put on the events queue, by provider",
        "# TYPE Accepted counter",
        "Accepted{provider=\"digicert\"} 3",
        "Delivered{outcome=\"not_needed\",provider=\"digicert\"} 3",
        "# TYPE Age histogram",
        "Age_count{provider=\"digicert\"} 3",
        "Waiting 0",
        "InFlight 0",
        "Delayed 0",
        "DeadLetters 0",
        "OldestAge 0",
        "BreakerOpen{provider=\"digicert\"} 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
    // The address of the webhook endpoints has none of them.
    Request::new("GET", "/readyz").send(&local).refused(404);
}

#[test]
fn off_loopback_health_and_metrics_and_nothing_else() {
    let local = Local::start_with_admin("0.0.0.0:0");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(local.admin(path).0, 200, "{path}");
    }
    for path in ["/", "/now", "/certificates", "/webhooks/digicert", "/healthz/x", "/secrets.json"]
    {
        assert_eq!(local.admin(path).0, 404, "{path}");
    }
}

#[test]
fn a_queue_that_takes_no_write_is_not_ready() {
    let local = Local::start(&[]);
    let other = Connection::open(local.state.path().join("certhooks.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, reason) = local.admin("/readyz");
    assert_eq!(status, 503, "{reason}");
    assert!(reason.contains("events queue") || reason.contains("certhooks.db"), "{reason}");
    assert_eq!(local.admin("/healthz").0, 200, "the process serves all the same");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(local.admin("/readyz").0, 200);
}

#[test]
fn the_oldest_event_counts_from_its_receipt() {
    let local = Local::start(&[]);
    let other = Connection::open(local.state.path().join("certhooks.db")).unwrap();
    other
        .execute_batch(
            "BEGIN;
             INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, received_at)
                 VALUES ('digicert', 'x', 'x', 1, 0, 4102444800000000, 0, 1767225600000000);
             COMMIT;",
        )
        .unwrap();
    let metrics = local.admin("/metrics").1;
    let age = metrics.lines().find_map(|line| line.strip_prefix("OldestAge ")).unwrap();
    assert!(age.parse::<f64>().unwrap() > 86_400_000.0, "{age}");
    assert!(metrics.contains("\nDelayed 1\n"), "{metrics}");
}

#[test]
fn the_start_and_the_end_name_what_waits() {
    let local = Local::start(&[]);
    let state = local.state.clone();
    let database = Connection::open(state.path().join("certhooks.db")).unwrap();
    database
        .execute_batch(
            "BEGIN;
             INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, recoveries)
                 VALUES ('digicert', 'x', 'x', 1, 0, 4102444800000000, 0, 9);
             INSERT INTO bodies (id, body) VALUES (last_insert_rowid(), '{}');
             INSERT INTO dead_letters (provider, kind, body, receives, reason, sent_at, died_at)
                 VALUES ('digicert', 'x', '{}', 5, 'x', 0, 4102444800000000);
             COMMIT;",
        )
        .unwrap();
    drop(database);
    local.terminate();
    let stopped = local.logged(1, |line| line["message"] == "stopped").remove(0);
    drop(local.kill());
    let next = Local::start_in(state, &[], &[]);
    let listening = next.logged(1, |line| line["message"] == "listening").remove(0);
    for line in [stopped, listening] {
        let counts =
            ["waiting", "delayed", "dead_letters"].map(|name| line[name].as_u64().unwrap());
        assert_eq!(counts, [0, 1, 1], "{line}");
    }
}

#[test]
fn an_address_in_use_names_its_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (folder, address) = (Folder::new(), taken.local_addr().unwrap().to_string());
    let state = folder.path().to_str().unwrap();
    let arguments = ["local", "--listen", "127.0.0.1:0", "--admin", &address, "--state", state];
    let output = certhooks(&[], &arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("--admin {address}")) && error.contains("port 0"), "{error}");
}

#[test]
fn systemd_is_notified_of_the_start_and_that_the_process_lives() {
    let state = Arc::new(Folder::new());
    let path = state.path().join("notify");
    std::fs::create_dir_all(state.path()).unwrap();
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "300000")];
    let _local = Local::start_in(Arc::clone(&state), &variables, &[]);
    let received = || {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).trim().to_owned()
    };
    assert_eq!(received(), "READY=1");
    for _ in 0..3 {
        assert_eq!(received(), "WATCHDOG=1");
    }
}

/// Commands find the state folder by the variable, and the webhook endpoints by what the process wrote there.
#[test]
fn commands_find_the_state_folder_and_the_process() {
    let local = Local::start(&[]);
    let state = local.state.path().to_str().unwrap();
    let file = crate::harness::events_folder().join("digicert/domain_validated.json");
    let sent = certhooks(&[("CERTHOOKS_STATE", state)], &["send", file.to_str().unwrap()]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    local.delivered(1);
    let tailed = certhooks(
        &[("CERTHOOKS_STATE", state)],
        &["tail", "--json", "--from-start", "--no-follow"],
    );
    let lines = String::from_utf8(tailed.stdout).unwrap();
    assert_eq!(lines.lines().collect::<Vec<_>>(), tail_lines(local.state.path()));
    let running = local.state.path().join("running.json");
    assert!(running.exists());
    let (status, _) = local.stop();
    assert!(status.success() && !running.exists(), "nothing runs any more");
}
