//! `kill -9` at any moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::server::{Answer, Server};
use super::{Forward, deliver, folder, run};
use crate::harness::Local;

const EVENTS: usize = 300;
const KILLS: usize = 20;

/// Every seventh event is refused the first time, so that kills also fall on retries.
#[test]
fn kill_9_at_any_moment_loses_and_skips_nothing() {
    let state = folder();
    let ids: Vec<_> = (0..EVENTS).map(|number| format!("event-{number:03}")).collect();
    deliver(state.path(), &ids[..EVENTS / 2]);
    let refused = |id: &str| id[6..].parse::<usize>().unwrap() % 7 == 0;
    let server = Server::start(move |received, earlier| match earlier {
        0 if refused(received.id()) => Answer::of(500),
        _ => Answer { delay: Duration::from_millis(5), ..Answer::of(200) },
    });
    let arguments = ["--consumer", "one", "--to", &server.url];
    // Not random, so that a failure can be seen again, but of no pattern.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for kill in 0..KILLS {
        if kill == KILLS / 2 {
            deliver(state.path(), &ids[EVENTS / 2..]);
        }
        let before = server.ids().len();
        let forward = Forward::start(state.path(), &arguments);
        // A kill before the first request says nothing about the rest.
        while server.ids().len() == before && forward.outcomes("started", 1)[0]["behind"] != 0 {
            thread::sleep(Duration::from_millis(1));
        }
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        thread::sleep(Duration::from_millis(seed % 150));
        forward.kill();
    }
    let forward = Forward::start(state.path(), &arguments);
    let is_done = || {
        let status = &run(state.path(), &["consumers"]).1[0];
        (status["behind"] == 0 && status["waiting"] == 0).then_some(())
    };
    super::wait_for(is_done, || forward.err());
    forward.stop();

    let mut counts: HashMap<String, usize> = HashMap::new();
    for received in server.received() {
        *counts.entry(received.id().to_owned()).or_default() += 1;
    }
    let missing: Vec<_> = ids.iter().filter(|id| !counts.contains_key(*id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // At most two are in flight when the process ends: a new one, and a retry.
    let needed = |id: &String| if refused(id) { 2 } else { 1 };
    let repeats: usize = ids.iter().map(|id| counts[id] - needed(id)).sum();
    assert!(repeats <= 2 * KILLS, "{repeats} repeats");
    // First attempts are in order, whatever was repeated.
    let mut first = Vec::new();
    for id in server.ids() {
        if !first.contains(&id) {
            first.push(id);
        }
    }
    assert_eq!(first, ids);
    let listed = run(state.path(), &["list"]).1;
    assert!(listed.is_empty(), "{listed:?}");
}

#[test]
fn certhooks_local_may_be_killed_and_started_meanwhile() {
    let local = Local::start(&[]);
    let state = Arc::clone(&local.state);
    let server = Server::start(|_, _| Answer::of(200));
    let forward = Forward::start(state.path(), &["--consumer", "one", "--to", &server.url]);
    let mut sent = Vec::new();
    let mut local = Some(local);
    for round in 0..3 {
        let running = local.take().unwrap_or_else(|| Local::start_in(Arc::clone(&state), &[], &[]));
        for number in 0..5 {
            let data =
                serde_json::json!({ "domain_id": round * 10 + number, "domain_name": "a.example" });
            let body = serde_json::json!({ "event": "domain_validated", "data": data });
            sent.push(
                crate::wire::Request::digicert(body.to_string()).send(&running).accepted_one(),
            );
        }
        running.settle();
        running.kill();
    }
    let mut ids = server.wait(sent.len());
    ids.sort();
    sent.sort();
    assert_eq!(ids, sent, "each once");
    assert_eq!(forward.stop().0.code(), Some(0));
}
