use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ::harness::{Random, seed};
use envelope::Provider;
use reqwest::Client;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued, rejected};
use crate::harness::{Folder, certhooks, events_folder, tail};
use crate::providers::{Providers, ids, post};

const KILLS: usize = 15;

/// Sends events until `is_over`, and repeats each until it is answered with 200.
struct Senders {
    address: Mutex<String>,
    is_over: AtomicBool,
    accepted: Mutex<BTreeSet<String>>,
}

impl Senders {
    async fn run(self: Arc<Self>, client: Client, number: u64) {
        let mut count = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            let id = number * 1_000_000 + count;
            let (provider, event) = match count % 3 {
                0 => (Provider::Digicert, issued(id)),
                1 => (Provider::Digicert, rejected(id)),
                _ => (Provider::Cloudflare, deployed("z", &format!("h{id}"))),
            };
            self.send(&client, provider, &event).await;
            count += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn send(&self, client: &Client, provider: Provider, event: &Value) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let address = self.address.lock().unwrap().clone();
            let sending = post(client, &address, provider, event.to_string().into_bytes(), None);
            match tokio::time::timeout(Duration::from_secs(5), sending).await {
                Ok(Ok((200, answer))) => {
                    self.accepted.lock().unwrap().extend(ids(&answer));
                    return;
                }
                // The process was killed or does not listen yet: sent again, as a provider would.
                other => assert!(Instant::now() < until, "{event}: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[test]
fn sigkill_at_any_time_loses_no_acknowledged_event() {
    let seed = seed().unwrap();
    println!("CHAOS_SEED={seed} repeats it as far as timing allows");
    let mut random = Random::new(seed);
    let providers = Providers::start();
    let limited = Fault::RateLimited { retry_after: Some(1), status: None };
    providers.faults().set([Rule::new("/services/v2/certificate/", limited).times(40)]);
    let state = Arc::new(Folder::new());
    let mut local = providers.local_in(Arc::clone(&state), &[]);
    let senders = Arc::new(Senders {
        address: Mutex::new(local.address.clone()),
        is_over: AtomicBool::new(false),
        accepted: Mutex::default(),
    });
    let tasks: Vec<_> = (1..=8)
        .map(|number| {
            let run = Arc::clone(&senders).run(providers.client(), number);
            providers.runtime().spawn(run)
        })
        .collect();
    for _ in 0..KILLS {
        providers.delay_by(Duration::from_millis(5 + random.below(46)));
        thread::sleep(Duration::from_millis(100 + random.below(400)));
        local.kill();
        local = providers.local_in(Arc::clone(&state), &[]);
        *senders.address.lock().unwrap() = local.address.clone();
    }
    // A busy machine may have accepted only a few so far.
    while senders.accepted.lock().unwrap().len() < 300 {
        thread::sleep(Duration::from_millis(10));
    }
    senders.is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        providers.runtime().block_on(task).unwrap();
    }
    let accepted = senders.accepted.lock().unwrap().clone();
    let ids_of = |events: &[Value]| -> BTreeSet<String> {
        events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    local.events_until(|events| ids_of(events).is_superset(&accepted));
    // A duplicate that arrived while the first was in progress waits for its visibility timeout, or a
    // restart.
    assert!(local.stop().0.success());
    let local = providers.local_in(Arc::clone(&state), &[]);
    local.settle();

    let events = tail(state.path());
    assert!(events.iter().all(|event| event["data"]["callback"]["outcome"] != "failed"));
    assert_eq!(ids_of(&events), accepted);
    // That includes events that were published, but not recorded yet, when the process was killed.
    assert_eq!(events.len(), accepted.len(), "each is delivered once");
    assert!(local.stop().0.success());
    assert_intact(state.path());
}

/// No message is left, and no page of the database is damaged.
fn assert_intact(state: &Path) {
    let result: String =
        database(state).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(result, "ok");
    for table in ["messages", "bodies", "confidential", "dead_letters"] {
        assert_eq!(count(state, table), 0, "{table}");
    }
}

fn count(state: &Path, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    database(state).query_row(&count, [], |row| row.get(0)).unwrap()
}

fn database(state: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(state.join("certhooks.db"), flags).unwrap()
}

/// These are events that wait for a retry, and events in progress.
#[test]
fn a_restart_continues_with_unfinished_events() {
    let providers = Providers::start();
    let state = Arc::new(Folder::new());
    let limited = Fault::RateLimited { retry_after: Some(2), status: None };
    providers.faults().set([
        Rule::new("/services/v2/certificate/21/", limited).times(1),
        Rule::new("/services/v2/certificate/22/", Fault::Hang).times(1),
        Rule::new("/client/v4", Fault::KeyRefused).times(1),
    ]);
    let local = providers.local_in(Arc::clone(&state), &[]);
    let delayed = providers.send_one(&local, &issued(21));
    let in_progress = providers.send_one(&local, &issued(22));
    let held = providers.send_one(&local, &deployed("z", "h23"));
    local.retries(&delayed, 1);
    local.retries(&held, 1);
    // Wait until the requeued messages are acknowledged; else they would be in progress too.
    while providers.seen("/certificate/22/").is_empty() || count(state.path(), "messages") != 3 {
        thread::sleep(Duration::from_millis(10));
    }
    local.kill();

    let local = providers.local_in(Arc::clone(&state), &[]);
    let attempts = |id: &str| local.event(id)["data"]["callback"]["attempts"].clone();
    assert_eq!(attempts(&in_progress), 1, "an attempt that was killed is not counted");
    assert_eq!(attempts(&delayed), 2);
    assert_eq!(tail(state.path()).len(), 2, "the event with the refused key still waits");
    let calls = providers.seen("/certificate/21/");
    assert!(calls[1].elapsed - calls[0].elapsed >= Duration::from_millis(1900), "{calls:?}");
}

/// Events that wait for a retry stay on the queue, and an idle connection delays nothing.
#[test]
fn sigterm_finishes_the_work_in_progress_and_exits_with_0() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let address = local.address.clone();
    let mut idle = TcpStream::connect(&address).unwrap();
    providers.faults().set([Rule::new("/services/v2/certificate/39/", Fault::Reset)]);
    let waiting = providers.send_one(&local, &issued(39));
    local.retries(&waiting, 1);
    providers.delay_by(Duration::from_millis(700));
    let sent: BTreeSet<_> = (31..36).map(|id| providers.send_one(&local, &issued(id))).collect();
    let was_called = |id: u64| !providers.seen(&format!("/certificate/{id}/")).is_empty();
    while !(31..36).all(was_called) {
        thread::sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    let (status, state) = local.stop();
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let delivered: BTreeSet<_> =
        tail(state.path()).iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(delivered, sent);
    // The process has closed the connection.
    let _ = idle.write_all(b"GET / HTTP/1.1\r\n\r\n");
    assert!(TcpStream::connect(&address).is_err());

    providers.delay_by(Duration::ZERO);
    providers.faults().clear();
    let local = providers.local_in(state, &[]);
    assert_eq!(local.event(&waiting)["data"]["callback"]["outcome"], "downloaded");
}

#[test]
fn two_thousand_events_are_all_delivered_once() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let file = |name: &str| events_folder().join(name).to_str().unwrap().to_owned();
    let sent = certhooks(
        &[],
        &[
            "send",
            &file("digicert/certificate_issued.json"),
            &file("digicert/domain_validated.json"),
            "--count",
            "1000",
            "--json",
            "--to",
            &local.url(""),
            "--state",
            local.state.path().to_str().unwrap(),
        ],
    );
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let text = String::from_utf8(sent.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let accepted: BTreeSet<_> = answers.flat_map(|line| ids(&line["answer"])).collect();
    assert_eq!(accepted.len(), 2000);
    local.settle();
    let events = tail(local.state.path());
    assert_eq!(events.len(), 2000);
    let delivered: BTreeSet<_> =
        events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(delivered, accepted);
    let outcomes: BTreeSet<_> =
        events.iter().map(|event| event["data"]["callback"]["outcome"].to_string()).collect();
    assert_eq!(outcomes, ["\"downloaded\"", "\"not_needed\""].map(str::to_owned).into());
}
