//! Crashes and faults of the compiled worker, in short; `make torture` has them at length.

use torture::random::seed;
use torture::report::Row;
use torture::sqs::{Functions, crash, faults};

/// Each boundary before and after, but for those that a batch does not come by.
const KILLS: u64 = 32;
const EVENTS: u64 = 60;

fn worker() -> Functions {
    Functions { worker: env!("CARGO_BIN_EXE_worker").into(), doors: Vec::new() }
}

fn assert_kept(row: &Row) {
    println!("{row:#?}");
    assert!(row.is_good(), "TORTURE_SEED={} repeats it", row.seed);
}

#[tokio::test]
async fn kill_nine_at_every_boundary_loses_nothing() {
    let Some(row) = crash(&worker(), KILLS, seed().unwrap()).await.unwrap() else { return };
    assert_kept(&row);
    assert!(row.kills >= KILLS);
    for step in ["claim", "archive", "call-back", "publish", "record", "put back", "delete"] {
        for when in ["before", "after"] {
            assert!(row.at.contains_key(&format!("{when} {step}")), "{when} {step}: {:?}", row.at);
        }
    }
}

#[tokio::test]
async fn ports_that_fail_at_random_lose_nothing() {
    let Some(row) = faults(&worker(), EVENTS, seed().unwrap()).await.unwrap() else { return };
    assert_kept(&row);
    assert!(row.faults > EVENTS / 4, "{}", row.faults);
}
