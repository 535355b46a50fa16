//! An event is acknowledged only when it is on the queue; otherwise the answer is 503, and the sender
//! repeats the request.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use embedded::{Options, State};
use ports::{EventsQueue, Outgoing};
use rusqlite::Connection;

use super::{delivers_only, event, routes};
use crate::harness::{Local, events_folder, tail};
use crate::wire::{CLOUDFLARE, DIGICERT, META, Request};

/// Another process locks the database for longer than the webhook endpoint may wait.
#[test]
fn a_locked_queue_is_503() {
    let local = Local::start(&[]);
    let file = local.state.path().join("certhooks.db");
    let other = Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for route in routes() {
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
    // CertCentral's timeout is 10 s.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert!(local.logged(0, |line| line["message"] == "accepted").is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    let ids = routes()
        .into_iter()
        .map(|route| Request::to(route, event(route, 1)).send(&local).accepted_one());
    let ids: Vec<_> = ids.collect();
    delivers_only(&local, &ids);
}

/// An operator's command that writes to the state folder at full speed delays no webhook endpoint.
#[test]
fn another_writer_causes_no_refusal() {
    let local = Local::start(&[]);
    let (folder, stop) = (local.state.path().to_owned(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| write_until(folder, &stop));
        for number in 0..120 {
            for route in routes() {
                Request::to(route, event(route, number)).send(&local).accepted_one();
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(other.join().unwrap() > 3, "it wrote meanwhile");
    });
    let busy = local.logged(0, |line| line.to_string().contains("locked"));
    assert!(busy.is_empty(), "{busy:?}");
}

/// Puts batches of delayed messages on the events queue until `stop`, and returns their number.
#[tokio::main(flavor = "current_thread")]
async fn write_until(folder: PathBuf, stop: &AtomicBool) -> usize {
    let events = State::join(&folder, Options::default()).unwrap().events();
    let message = |number: usize| Outgoing {
        provider: envelope::Provider::DIGICERT,
        kind: "test".into(),
        group: number.to_string(),
        body: "x".repeat(20_000),
        received: None,
        delay: Duration::from_secs(900),
        expires: None,
    };
    let mut batches = 0;
    while !stop.load(Ordering::Relaxed) {
        events.send((0..100).map(message).collect()).await.unwrap();
        batches += 1;
    }
    batches
}

/// A sender that missed the answer repeats the request: the ids are the same, and there is one delivery.
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
    // A duplicate that arrives while the first is in progress would wait for its end.
    local.settle();
    let delivered = tail(local.state.path());
    for _ in 1..=2 {
        assert_eq!(send_all(), ids);
    }
    local.settle();
    assert_eq!(tail(local.state.path()), delivered);
}
