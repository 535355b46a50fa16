//! Acknowledged means queued: what the queue does not take is 503, and the same event again later.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{ROUTES, delivers_only, event};
use crate::harness::{Local, events_folder, tail};
use crate::wire::{CLOUDFLARE, DIGICERT, META, Request};

/// Somebody else holds the queue's file for longer than the door may wait.
#[test]
fn a_queue_that_takes_nothing_is_503() {
    let local = Local::start(&[]);
    let file = local.state.path().join("certhooks.db");
    let other = Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for route in ROUTES {
            let local = &local;
            scope.spawn(move || {
                let answer = Request::to(route, event(route, 1)).send(local);
                assert_eq!(answer.status, 503, "{route}");
                answer.refused(503);
                let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=3600).contains(&seconds));
            });
        }
    });
    // CertCentral waits 10 s in all.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert!(local.logged(0, |line| line["message"] == "accepted").is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    let ids = ROUTES.map(|route| Request::to(route, event(route, 1)).send(&local).accepted_one());
    delivers_only(&local, &ids);
}

/// A sender that did not see our answer sends again: the same ids, and no second delivery.
#[test]
fn a_redelivery_has_the_same_ids_and_is_delivered_once() {
    let local = Local::start(&[]);
    let mut requests = Vec::new();
    for (route, folder) in [(DIGICERT, "digicert"), (CLOUDFLARE, "cloudflare"), (META, "meta-ct")] {
        for file in std::fs::read_dir(events_folder().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if !name.starts_with("challenge") && !name.starts_with("test_") {
                requests.push(Request::to(route, std::fs::read(path).unwrap()));
            }
        }
    }
    let send_all = || -> Vec<String> {
        requests.iter().flat_map(|request| request.send(&local).accepted()).collect()
    };
    let ids = send_all();
    assert!(ids.len() >= 28, "{}", ids.len());
    // A copy that came while the first is under way would wait for its end.
    local.settle();
    let delivered = tail(local.state.path());
    for _ in 1..=2 {
        assert_eq!(send_all(), ids);
    }
    local.settle();
    assert_eq!(tail(local.state.path()), delivered);
}
