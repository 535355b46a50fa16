//! A process that sends and processes messages, as the webhook endpoints and the worker do, is
//! killed many times.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use embedded::State;
use ports::{Claim, Deliveries, EventsQueue, Ledger};
use ring::rand::SecureRandom;

use crate::deliveries::delivery;
use crate::test_folder::TestFolder;
use crate::{message, open};

const CHILD: &str = "CERTHOOKS_TEST_CRASH";
const KILLS: usize = 20;

#[tokio::test]
async fn nothing_is_lost_by_kill_9() {
    let (folder, logs) = (TestFolder::new(), TestFolder::new());
    fs::create_dir(logs.path()).unwrap();
    for _ in 0..KILLS {
        run_and_kill(folder.path(), logs.path());
    }
    let state = open(&folder);
    let sent = logged(logs.path(), "sent");
    let acknowledged = logged(logs.path(), "acknowledged");
    let recorded = logged(logs.path(), "recorded");
    let delivered = delivered(&state).await;
    let mut queued = BTreeSet::new();
    loop {
        let received = state.events().receive(1000).await.unwrap();
        if received.is_empty() {
            break;
        }
        queued.extend(received.into_iter().map(|message| message.body));
    }
    println!(
        "sent {} acknowledged {} delivered {} queued {}",
        sent.len(),
        acknowledged.len(),
        delivered.len(),
        queued.len()
    );
    assert!(
        sent.len() > KILLS && acknowledged.len() > KILLS,
        "the child made progress between the kills"
    );
    for id in &sent {
        assert!(queued.contains(id) || delivered.contains(id), "{id} was sent and is lost");
    }
    assert!(acknowledged.is_disjoint(&queued), "acknowledged messages do not come back");
    assert!(recorded.is_subset(&delivered), "recorded means delivered");
    assert_eq!(state.reader().counts().await.unwrap().dead, 0);
    drop(state);
    let connection = rusqlite::Connection::open(folder.path().join("certhooks.db")).unwrap();
    let result: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(result, "ok");
}

fn run_and_kill(folder: &Path, logs: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--ignored"])
        .env(CHILD, folder)
        .env("CERTHOOKS_TEST_LOGS", logs)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = logs.join("started");
    for _ in 0..1000 {
        if started.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(&started).expect("the child starts");
    let mut byte = [0];
    ring::rand::SystemRandom::new().fill(&mut byte).unwrap();
    std::thread::sleep(Duration::from_millis(u64::from(byte[0])));
    child.kill().unwrap();
    assert!(child.wait().unwrap().code().is_none(), "it ran until it was killed");
}

/// The ids that the child logged after the operation returned. An incomplete last line is left out.
fn logged(logs: &Path, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(logs.join(name)).unwrap();
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect()
}

async fn delivered(state: &State) -> BTreeSet<String> {
    let (mut ids, mut sequence) = (BTreeSet::new(), 0);
    loop {
        let page = state.reader().read_after(sequence, 1000).await.unwrap();
        let Some(last) = page.last() else { return ids };
        sequence = last.sequence;
        ids.extend(page.into_iter().map(|delivered| delivered.id));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "nothing_is_lost_by_kill_9 runs and kills it"]
async fn child() {
    let (Some(folder), Some(logs)) =
        (std::env::var_os(CHILD), std::env::var_os("CERTHOOKS_TEST_LOGS"))
    else {
        return;
    };
    let logs = PathBuf::from(logs);
    let state = State::open(Path::new(&folder), embedded::Options::default()).unwrap();
    let working = tokio::spawn(work(
        state.clone(),
        open_log(&logs, "acknowledged"),
        open_log(&logs, "recorded"),
    ));
    File::create(logs.join("started")).unwrap();
    send_forever(&state, open_log(&logs, "sent")).await;
    working.await.unwrap();
}

fn open_log(logs: &Path, name: &str) -> File {
    File::options().append(true).create(true).open(logs.join(name)).unwrap()
}

async fn send_forever(state: &State, mut sent: File) {
    let process = std::process::id();
    for number in 0.. {
        let ids = [format!("{process}-{number}-a"), format!("{process}-{number}-b")];
        state.events().send(ids.iter().map(|id| message(id)).collect()).await.unwrap();
        sent.write_all(format!("{}\n{}\n", ids[0], ids[1]).as_bytes()).unwrap();
    }
}

async fn work(state: State, mut acknowledged: File, mut recorded: File) {
    let (events, ledger) = (state.events(), state.ledger());
    loop {
        events.wait_for_message().await.unwrap();
        for received in events.receive(3).await.unwrap() {
            let (id, owner) = (received.body, received.receipt.to_string());
            let until = time::OffsetDateTime::now_utc() + Duration::from_secs(180);
            match ledger.claim(&id, &owner, until).await.unwrap() {
                Claim::Granted => {
                    state.deliveries().publish(delivery(&id)).await.unwrap();
                    ledger.record(ports::DeliveryRecord::id(&id, until)).await.unwrap();
                    recorded.write_all(format!("{id}\n").as_bytes()).unwrap();
                }
                Claim::Recorded => {}
                Claim::Held { .. } => panic!("nobody else can hold {id}"),
            }
            assert!(events.acknowledge(received.receipt).await.unwrap());
            acknowledged.write_all(format!("{id}\n").as_bytes()).unwrap();
        }
    }
}
