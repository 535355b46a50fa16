//! What a restart finds. Kills at any time are the business of `chaos`.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued};
use crate::harness::{Folder, Local, tail};
use crate::providers::Providers;

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
    let limited = Fault::RateLimited { retry_after: Some(600), status: None };
    providers.faults().set([
        Rule::new("/services/v2/certificate/21/", limited).times(1),
        Rule::new("/services/v2/certificate/22/", Fault::Hang).times(1),
        // The call-back, and the question whether it is the token that is refused.
        Rule::new("/client/v4", Fault::KeyRefused).times(2),
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
    // Nothing is known of what they waited for, so both are due at once.
    assert_eq!(attempts(&held), 2);
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
fn a_database_that_is_lost_is_not_replaced_silently() {
    let state = Arc::new(Folder::new());
    let local = Local::start_in(Arc::clone(&state), &[], &[]);
    let is_warning = |line: &String| line.contains("the database is missing");
    assert!(!local.log().iter().any(is_warning), "a new folder has none");
    local.stop();
    for file in ["certhooks.db", "certhooks.db-wal", "certhooks.db-shm"] {
        let _none = std::fs::remove_file(state.path().join(file));
    }
    let local = Local::start_in(state, &[], &[]);
    local.logged(1, |line| line["level"] == "WARN" && is_warning(&line.to_string()));
}
