//! 20,000 messages pass through all ports, in a process of its own so that its memory can be
//! measured.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{Claim, Deliveries, EventsQueue, Ledger};
use tokio::sync::Semaphore;

use crate::deliveries::delivery;
use crate::test_folder::TestFolder;
use crate::{message, open};

const MESSAGES: usize = 20_000;
const CHILD: &str = "CERTHOOKS_TEST_LOAD";

#[test]
fn twenty_thousand_messages_in_constant_memory() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["load::child", "--exact", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let peak = text.lines().find_map(|line| line.strip_prefix("peak kB: ")).unwrap();
    let peak: u64 = peak.parse().unwrap();
    // The bodies alone are 40 MB; a waiting message takes no memory.
    assert!(peak < 40_000, "{peak} kB");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "twenty_thousand_messages_in_constant_memory runs it"]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let folder = TestFolder::new();
    let state = Arc::new(open(&folder));
    let began = Instant::now();
    let permits = Arc::new(Semaphore::new(64));
    for number in 0..MESSAGES {
        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
        let events = state.events();
        tokio::spawn(async move {
            let body = format!("{number} {}", "x".repeat(2048));
            events
                .send(vec![ports::Outgoing { group: number.to_string(), ..message(&body) }])
                .await
                .unwrap();
            drop(permit);
        });
    }
    drop(permits.acquire_many(64).await.unwrap());
    let mut left = MESSAGES;
    while left > 0 {
        let received = state.events().receive(64).await.unwrap();
        left -= received.len();
        let tasks: Vec<_> = received
            .into_iter()
            .map(|message| {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let id = message.body.split(' ').next().unwrap().to_owned();
                    let until = time::OffsetDateTime::now_utc() + Duration::from_secs(180);
                    let owner = message.receipt.to_string();
                    assert_eq!(
                        state.ledger().claim(&id, &owner, until).await.unwrap(),
                        Claim::Granted
                    );
                    state.deliveries().publish(delivery(&id)).await.unwrap();
                    state.ledger().record(ports::DeliveryRecord::id(&id, until)).await.unwrap();
                    assert!(state.events().acknowledge(message.receipt).await.unwrap());
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    let took = began.elapsed();
    assert_eq!(state.reader().last_sequence().await.unwrap(), MESSAGES as i64);
    println!("took: {took:?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    println!("peak kB: {}", peak.trim().trim_end_matches(" kB"));
    assert!(took < Duration::from_secs(120), "{took:?}");
}
