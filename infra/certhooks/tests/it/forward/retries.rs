//! What is not taken: tried again, set aside, listed, retried and dropped.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::server::{Answer, Server};
use super::{Forward, deliver, folder, run};

#[test]
fn what_is_not_taken_is_tried_again_and_does_not_hold_up_the_others() {
    let state = folder();
    deliver(state.path(), ["error", "limited", "redirected", "slow", "good"]);
    let server = Server::start(|received, earlier| match (received.id(), earlier) {
        ("error", 0 | 1) => Answer::of(500),
        ("limited", 0) => Answer::with(429, "retry-after: 3"),
        ("redirected", 0) => Answer::with(307, "location: /elsewhere"),
        ("slow", 0) => Answer { delay: Duration::from_secs(30), ..Answer::of(200) },
        _ => Answer::of(200),
    });
    let arguments = ["--consumer", "one", "--to", &server.url, "--timeout", "500ms"];
    let forward = Forward::start(state.path(), &arguments);
    forward.outcomes("taken", 5);
    let (_, stopped) = forward.stop();
    assert_eq!((&stopped["failed"], &stopped["waiting"]), (&5.into(), &0.into()));

    let received = server.received();
    let first: Vec<_> = server.ids().into_iter().take(5).collect();
    assert!(received.iter().all(|one| one.target == "/events"), "no redirect is followed");
    let times = |id: &str| -> Vec<Instant> {
        received.iter().filter(|one| one.id() == id).map(|one| one.at).collect()
    };
    for (id, least) in [("error", [1, 2]), ("limited", [3, 0]), ("redirected", [1, 0])] {
        for (pair, least) in times(id).windows(2).zip(least) {
            let passed = pair[1] - pair[0];
            assert!(passed >= Duration::from_secs(least), "{id}: {passed:?}");
        }
    }
    assert_eq!([times("error").len(), times("limited").len(), times("slow").len()], [3, 2, 2]);
    // In order of delivery, but for the first retry, which may come while `slow` is not answered.
    let order: Vec<_> = first.iter().filter(|id| *id != "good").collect();
    assert_eq!(order[..4], ["error", "limited", "redirected", "slow"], "{first:?}");
    assert!(times("good")[0] < times("limited")[1]);
}

#[test]
fn reasons_say_what_happened() {
    let state = folder();
    deliver(state.path(), ["error", "redirected", "slow", "gone"]);
    let server = Server::start(|received, _| match received.id() {
        "error" => Answer::of(500),
        "redirected" => Answer::with(302, "location: /elsewhere"),
        "gone" => Answer::of(410),
        _ => Answer { delay: Duration::from_secs(30), ..Answer::of(200) },
    });
    let arguments = ["--consumer", "one", "--to", &server.url, "--timeout", "300ms"];
    let forward = Forward::start(state.path(), &arguments);
    let gone = &forward.outcomes("set_aside", 1)[0];
    assert_eq!((&gone["id"], &gone["attempt"]), (&"gone".into(), &1.into()), "at once");
    drop(forward);
    let (_, untaken, _) = run(state.path(), &["list", "--consumer", "one"]);
    let reasons: Vec<_> = untaken.iter().map(|one| one["reason"].as_str().unwrap()).collect();
    let redirect = "answered 302, a redirect, which is not followed";
    assert_eq!(reasons, ["answered 500", redirect, "no answer within 300ms", "answered 410"]);
    assert_eq!(untaken[3]["due"], serde_json::Value::Null);
}

#[test]
fn a_consumer_that_comes_back_gets_everything() {
    let state = folder();
    deliver(state.path(), ["a", "b"]);
    // The port is free again, and nothing listens on it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/events");
    let forward = Forward::start(state.path(), &["--consumer", "one", "--to", &url]);
    let refused = &forward.outcomes("retry", 2)[0];
    assert!(refused["reason"].as_str().unwrap().starts_with("no connection ("), "{refused}");
    let server = Server::listen(TcpListener::bind(address).unwrap(), |_, _| Answer::of(200));
    forward.outcomes("taken", 2);
    let mut ids = server.ids();
    ids.sort();
    assert_eq!(ids, ["a", "b"]);
}

#[test]
fn what_is_set_aside_is_listed_retried_and_dropped() {
    let state = folder();
    let path = state.path();
    deliver(path, ["a", "poison", "b", "other"]);
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let server = Server::start(move |received, _| match received.id() {
        "poison" | "other" if !mended.load(Ordering::SeqCst) => Answer::of(500),
        _ => Answer::of(200),
    });
    let arguments = ["--consumer", "one", "--to", &server.url, "--give-up-after", "500ms"];
    let forward = Forward::start(path, &arguments);
    let set_aside = forward.outcomes("set_aside", 2);
    assert_eq!(set_aside[0]["attempt"], 2, "{set_aside:?}");

    let (code, listed, _) = run(path, &["list"]);
    let ids: Vec<_> = listed.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!((code, &ids[..]), (Some(0), &["poison", "other"][..]));
    assert_eq!(listed[0]["reason"], "answered 500");
    for nothing in [&["--id", "a"][..], &["--id", "unknown"]] {
        let (code, _, err) = run(path, &[&["retry", "--consumer", "one"], nothing].concat());
        assert_eq!(code, Some(3), "{err}");
    }
    let (code, _, _) = run(path, &["drop", "--consumer", "one", "--id", "other"]);
    assert_eq!(code, Some(0));
    is_mended.store(true, Ordering::SeqCst);
    let (code, lines, _) = run(path, &["retry", "--consumer", "one", "--all"]);
    assert_eq!((code, &lines[0]["retried"]), (Some(0), &1.into()));
    // The running process notices it.
    forward.outcomes("taken", 3);
    let (code, listed, _) = run(path, &["list"]);
    assert_eq!((code, listed.len()), (Some(0), 0));
    assert_eq!(server.ids().iter().filter(|id| *id == "poison").count(), 3);
}

/// A consumer that is down is not flooded, and what it was not offered stays in order.
#[test]
fn a_consumer_that_fails_ten_times_in_a_row_is_offered_less() {
    let state = folder();
    deliver(state.path(), (0..200).map(|number| format!("{number:03}")));
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let server =
        Server::start(move |_, _| Answer::of(if up.load(Ordering::SeqCst) { 200 } else { 503 }));
    let forward = Forward::start(state.path(), &["--consumer", "one", "--to", &server.url]);
    forward.outcomes("retry", 12);
    let offered = super::run(state.path(), &["consumers"]).1[0]["behind"].as_u64().unwrap();
    assert!(offered > 150, "{offered} of 200 were not offered yet");
    is_up.store(true, Ordering::SeqCst);
    forward.outcomes("taken", 200);
    let (_, stopped) = forward.stop();
    assert_eq!((&stopped["behind"], &stopped["waiting"]), (&0.into(), &0.into()));
}
