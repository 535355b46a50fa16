//! One event, one dead letter and one refusal, each followed through the log by one key.

use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::documents::issued;
use crate::harness::{Local, certhooks};
use crate::wire::{DIGICERT, KEY_HEADER, Request};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn traceparent() -> String {
    format!("00-{TRACE}-b7ad6b7169203331-01")
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

#[test]
fn an_event_is_followed_by_its_id() {
    let local = Local::simulated();
    let request = Request::digicert(issued(901).to_string()).with("traceparent", traceparent());
    let id = request.send(&local).accepted_one();
    let lines = local.logged(3, |line| line["id"] == *id);
    assert_eq!(messages(&lines), ["accepted", "called back", "delivered"]);
    assert_eq!(lines[0]["source_ip"], "127.0.0.1");
    for line in lines {
        assert_eq!(line["provider"], "digicert", "{line}");
        let kind = match line["message"].as_str() {
            Some("delivered") => "certhooks.certificate.issued",
            _ => "com.digicert.certcentral.certificate_issued",
        };
        assert_eq!(line["type"], kind, "{line}");
        assert_eq!(line["traceparent"], traceparent(), "{line}");
        assert_eq!(line["service"], "certhooks", "{line}");
        assert!(line["version"].as_str().unwrap().starts_with(env!("CARGO_PKG_VERSION")), "{line}");
    }
}

#[test]
fn a_refusal_is_followed_by_its_trace() {
    let local = Local::start(&[]);
    let request = Request::bare(DIGICERT, "{}").with(KEY_HEADER, "wrong");
    request.with("traceparent", traceparent()).send(&local).refused(401);
    let lines = local.logged(1, |line| line["traceparent"] == traceparent());
    assert_eq!(messages(&lines), ["refused"], "one failure is one line");
    assert_eq!(lines[0]["reason"], "unauthorized");
    assert_eq!(lines[0]["source_ip"], "127.0.0.1");
}

#[test]
fn a_dead_letter_is_followed_by_its_id() {
    let local = Local::start(&[]);
    let file = local.state.path().join("certhooks.db");
    let execute = |statements: &str| {
        Connection::open(&file).unwrap().execute_batch(statements).unwrap();
    };
    // An envelope without most of its members, which the worker cannot read, at its last receive.
    let body = json!({ "id": "lost", "source": "/digicert/certcentral", "type": "t",
        "traceparent": traceparent() });
    execute(&format!(
        "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at, receives)
             VALUES ('digicert', 't', 'g', 0, 0, 0, 0, 4);
         INSERT INTO bodies (id, body) VALUES (last_insert_rowid(), '{body}');"
    ));
    local.logged(1, |line| line["id"] == "lost");
    execute("UPDATE messages SET visible_at = 0");
    let lines = local.logged(2, |line| line["id"] == "lost");
    sleep(Duration::from_millis(100));
    assert_eq!(lines, local.logged(2, |line| line["id"] == "lost"), "each failure is one line");
    let dead = "dead letter: received too often and not acknowledged";
    assert_eq!(messages(&lines), ["leaving it for redelivery", dead]);
    for line in lines {
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["provider"], "digicert", "{line}");
        assert_eq!(line["type"], "t", "{line}");
        assert_eq!(line["traceparent"], traceparent(), "{line}");
    }
    let state = local.state.path().to_str().unwrap();
    let listed = certhooks(&[], &["dead-letters", "list", "--json", "--state", state]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["number"], "1");
}

#[test]
fn a_wrong_level_stops_the_start_with_its_name() {
    for level in ["warning", "verbose", "info,intake"] {
        let ended = certhooks(&[("RUST_LOG", level)], &["local"]);
        let error = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{error}");
        assert!(error.contains("RUST_LOG: ") && error.contains(level), "{error}");
    }
}

/// A lost webhook is found by the next reconciliation, which is 15 minutes later by default.
#[test]
fn a_grace_within_the_interval_of_reconciliation_is_warned_of() {
    for (grace, warnings) in [("15", 1), ("16", 0)] {
        let local = Local::start(&[
            ("DIGICERT_API_KEY", "key"),
            ("DIGICERT_API_BASE", "http://127.0.0.1:9/"),
            ("CT_GRACE_MINUTES", grace),
        ]);
        local.logged(1, |line| line["message"] == "listening");
        let is_warning = |line: &Value| line["message"].as_str().unwrap().starts_with("CT_GRACE");
        assert_eq!(local.logged(warnings, is_warning).len(), warnings, "{grace}");
    }
}
