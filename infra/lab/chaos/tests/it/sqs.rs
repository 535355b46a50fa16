//! Crashes and faults of the worker.

use chaos::sqs::{Functions, crash, faults};
use harness::{program, seed};

use crate::assert_good;

/// Enough for each boundary before and after, also if some do not occur in a batch.
const KILLS: u64 = 32;
const EVENTS: u64 = 60;

fn worker() -> Functions {
    Functions { worker: program("worker").unwrap(), webhooks: Vec::new() }
}

#[tokio::test]
async fn kills_at_every_boundary_lose_nothing() {
    let row = crash(&worker(), KILLS, seed().unwrap()).await.unwrap();
    assert_good(&row);
    assert!(row.kills >= KILLS);
    for step in ["claim", "archive", "call-back", "publish", "record", "requeue", "delete"] {
        for when in ["before", "after"] {
            assert!(row.at.contains_key(&format!("{when} {step}")), "{when} {step}: {:?}", row.at);
        }
    }
}

#[tokio::test]
async fn ports_that_fail_at_random_lose_nothing() {
    let row = faults(&worker(), EVENTS, seed().unwrap()).await.unwrap();
    assert_good(&row);
    assert!(row.faults > EVENTS / 4, "{}", row.faults);
}
