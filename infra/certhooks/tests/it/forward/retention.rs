//! How long deliveries are kept, and what is said of those that were not taken.

use std::sync::Arc;

use serde_json::Value;

use super::server::{Answer, Server};
use super::{Forward, database, deliver, folder, run};
use crate::harness::{Folder, Local, certhooks, tail_lines};

/// Makes deliveries look older.
fn age(state: &Folder, ids: &str, hours: i64) {
    let change = format!(
        "UPDATE deliveries SET published_at = published_at - {hours} * 3600000000 WHERE id IN ({ids})"
    );
    assert!(database(state.path()).execute(&change, []).unwrap() > 0);
}

/// A folder with five deliveries, of which one consumer took two and another one none.
fn lagging() -> Arc<Folder> {
    let state = folder();
    deliver(state.path(), ["a", "b"]);
    let server = Server::start(|_, _| Answer::of(200));
    let forward = Forward::start(state.path(), &["--consumer", "reader", "--to", &server.url]);
    forward.outcomes("taken", 2);
    forward.stop();
    let refuses = Server::start(|_, _| Answer::of(410));
    let forward = Forward::start(state.path(), &["--consumer", "refuser", "--to", &refuses.url]);
    forward.outcomes("set_aside", 2);
    forward.stop();
    deliver(state.path(), ["c", "d", "e"]);
    state
}

fn warnings(local: &Local, message: &str, count: usize) -> Vec<(String, u64)> {
    let lines = local.logged(count, |line| line["message"] == message);
    let of = |line: &Value| {
        assert_eq!(line["level"], "WARN");
        assert!(line["oldest"].as_str().unwrap().ends_with('Z'), "{line}");
        (line["consumer"].as_str().unwrap().to_owned(), line["count"].as_u64().unwrap())
    };
    lines.iter().map(of).collect()
}

#[test]
fn what_was_not_taken_is_named_before_it_expires_and_when_it_does() {
    let state = lagging();
    age(&state, "'a', 'b', 'c'", 11 * 24);
    let local = Local::start_in(Arc::clone(&state), &[], &[]);
    let soon = "a consumer has not taken deliveries that expire soon";
    let expected = [("reader".to_owned(), 3), ("refuser".to_owned(), 5)];
    assert_eq!(warnings(&local, soon, 2), expected);
    assert_eq!(tail_lines(local.kill().path()).len(), 5);

    age(&state, "'a', 'b', 'c'", 4 * 24);
    let local = Local::start_in(Arc::clone(&state), &[], &[]);
    let deleted = "deleting deliveries that a consumer did not take";
    let expected = [("reader".to_owned(), 1), ("refuser".to_owned(), 3)];
    assert_eq!(warnings(&local, deleted, 2), expected);
    assert_eq!(tail_lines(state.path()).len(), 2);
    let consumers = run(state.path(), &["consumers"]).1;
    let expired: Vec<_> = consumers.iter().map(|one| one["expired"].as_u64().unwrap()).collect();
    assert_eq!(expired, [1, 3]);
    // Who was behind goes on with what is left.
    let server = Server::start(|_, _| Answer::of(200));
    let forward = Forward::start(state.path(), &["--consumer", "reader", "--to", &server.url]);
    forward.outcomes("taken", 2);
    assert_eq!(server.ids(), ["d", "e"]);
}

#[test]
fn deliveries_are_kept_as_the_option_or_the_variable_says() {
    let state = folder();
    deliver(state.path(), ["a", "b"]);
    age(&state, "'a'", 5);
    for (variables, option, kept) in [
        (&[("KEEP_DELIVERIES", "6h")][..], &[][..], 2),
        (&[("KEEP_DELIVERIES", "2h")], &["--keep-deliveries", "30d"], 2),
        (&[("KEEP_DELIVERIES", "2h")], &[], 1),
    ] {
        let local = Local::start_in(Arc::clone(&state), variables, option);
        assert_eq!(tail_lines(state.path()).len(), kept, "{variables:?} {option:?}");
        local.kill();
    }
    let name = state.path().to_str().unwrap();
    for (variables, option, named) in [
        (&[("KEEP_DELIVERIES", "forever")][..], &[][..], "KEEP_DELIVERIES"),
        (&[], &["--keep-deliveries", "5m"], "--keep-deliveries"),
    ] {
        let all = [
            &["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", name],
            option,
        ]
        .concat();
        let output = certhooks(variables, &all);
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && err.contains(named), "{err}");
    }
}

#[test]
fn doctor_names_a_consumer_that_lags() {
    let state = lagging();
    let name = state.path().to_str().unwrap();
    let finding = || {
        let arguments = ["doctor", "--json", "--state", name, "--provider", "certspotter"];
        let output = certhooks(&[], &arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.into_iter().find(|line| line["check"] == "consumers").unwrap()
    };
    let first = finding();
    assert_eq!(first["level"], "warning", "{first}");
    assert!(
        first["detail"]
            .as_str()
            .unwrap()
            .contains("refuser: 3 behind, 0 waiting for a retry, 2 set aside")
    );
    let fix = first["fix"].as_str().unwrap().strip_prefix("certhooks ").unwrap();
    let listed = certhooks(&[], &fix.split(' ').collect::<Vec<_>>());
    assert!(listed.status.success(), "{listed:?}");
    assert!(String::from_utf8(listed.stdout).unwrap().contains("refuser"), "{first}");
    age(&state, "'c'", 2);
    let lagging = finding();
    assert_eq!(lagging["level"], "warning");
    assert!(lagging["detail"].as_str().unwrap().contains("reader takes nothing"), "{lagging}");
    assert_eq!(lagging["fix"], first["fix"]);
    for consumer in ["reader", "refuser"] {
        run(state.path(), &["remove", consumer]);
    }
    assert_eq!(
        (finding()["level"].as_str(), finding()["detail"].as_str()),
        (Some("ok"), Some("none"))
    );
}
