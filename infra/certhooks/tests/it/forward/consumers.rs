//! Several consumers, and one at a time of each name.

use super::server::{Answer, Server};
use super::{Forward, SECRET, VARIABLE, deliver, folder, forward, run};

#[test]
fn two_consumers_have_positions_of_their_own() {
    let state = folder();
    let path = state.path();
    deliver(path, ["a", "b"]);
    let (good, bad) =
        (Server::start(|_, _| Answer::of(200)), Server::start(|_, _| Answer::of(503)));
    let one = Forward::start(path, &["--consumer", "one", "--to", &good.url]);
    let two = Forward::start(path, &["--consumer", "two", "--to", &bad.url]);
    one.outcomes("taken", 2);
    two.outcomes("retry", 2);
    one.stop();
    two.kill();
    deliver(path, ["c"]);
    let late = ["--consumer", "late", "--from-now", "--to", &good.url];
    let late = Forward::start(path, &late);
    late.outcomes("started", 1);
    deliver(path, ["d"]);
    late.outcomes("taken", 1);
    late.stop();
    assert_eq!(good.ids(), ["a", "b", "d"]);

    let (code, consumers, _) = run(path, &["consumers"]);
    let counts: Vec<_> = consumers
        .iter()
        .map(|one| {
            let count = |name: &str| one[name].as_u64().unwrap();
            (one["name"].as_str().unwrap(), count("behind"), count("waiting"))
        })
        .collect();
    assert_eq!(code, Some(0));
    assert_eq!(counts, [("late", 0, 0), ("one", 2, 0), ("two", 2, 2)]);

    let (code, _, err) = run(path, &["remove", "nobody"]);
    assert_eq!(code, Some(3), "{err}");
    assert_eq!(run(path, &["remove", "two"]).0, Some(0));
    assert_eq!(run(path, &["list"]).1.len(), 0);
    // A removed consumer begins anew.
    let again = Forward::start(path, &["--consumer", "two", "--to", &good.url]);
    again.outcomes("taken", 4);
}

#[test]
fn a_consumer_runs_once() {
    let state = folder();
    let server = Server::start(|_, _| Answer::of(200));
    let arguments = ["--consumer", "one", "--to", &server.url];
    let first = Forward::start(state.path(), &arguments);
    first.outcomes("started", 1);
    let second = forward(&[(VARIABLE, SECRET)], state.path(), &arguments).output().unwrap();
    let err = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{err}");
    assert!(err.contains("another `certhooks forward` has the consumer one"), "{err}");
    let (code, _, err) = run(state.path(), &["remove", "one"]);
    assert_eq!(code, Some(1), "{err}");
    first.kill();
    let again = Forward::start(state.path(), &arguments);
    again.outcomes("started", 1);
}

#[test]
fn wrong_usage_stores_nothing() {
    let state = folder();
    let to = "http://127.0.0.1:1/";
    for (arguments, expected) in [
        (&["--consumer", "one"][..], "--to"),
        (&["--to", to], "--consumer"),
        (&["--consumer", "one", "--to", to, "--exec", "true"], "--exec"),
        (&["--consumer", "../one", "--to", to], "--consumer"),
        (&["--consumer", "one", "--to", "ftp://127.0.0.1/"], "--to"),
        (&["--consumer", "one", "--to", "http://user:hidden@127.0.0.1/"], "--to"),
        (&["--consumer", "one", "--to", to, "--type", "certificate.isued"], "certificate.issued"),
        (&["--consumer", "one", "--to", to, "--timeout", "0s"], "--timeout"),
        (&["--consumer", "one", "--to", to, "--give-up-after", "soon"], "--give-up-after"),
        (&["retry", "--consumer", "one"], "--id"),
        (&["drop", "--all"], "--consumer"),
    ] {
        let output = forward(&[(VARIABLE, SECRET)], state.path(), &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let state = state.path().to_str().unwrap();
        let all = [&["forward"], arguments, &["--state", state]].concat();
        let output = crate::harness::certhooks(&[(VARIABLE, SECRET)], &all);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
        assert!(!err.contains("hidden"), "{err}");
    }
    assert_eq!(run(state.path(), &["consumers"]).1.len(), 0);
}
