//! Short runs of the scenarios on the compiled programs; `make chaos` runs them at length.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chaos::programs::Programs;
use chaos::report::Row;
use chaos::scenarios::{Lengths, run};
use harness::{program, seed};

/// Enough kills for each boundary before and after, also if some do not occur in a batch.
const SHORT: Lengths = Lengths {
    kills: 32,
    faults: 60,
    sqs_events: 60,
    day: 400,
    attack: 10,
    rounds: 1,
    namespaced: false,
};

async fn good(scenario: &str) -> Row {
    // A second call fails because another test of this process has set the provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let programs = Programs::find(program).unwrap();
    let row = run(scenario, &programs, SHORT, seed().unwrap()).await.unwrap();
    println!("{row:#?}");
    assert!(row.is_good(), "set CHAOS_SEED={} to repeat the run", row.seed);
    row
}

#[tokio::test]
async fn kills_at_every_boundary_lose_nothing() {
    let row = good("crash, SQS").await;
    assert!(row.kills >= SHORT.kills);
    for step in
        ["enqueue", "claim", "archive", "call-back", "publish", "record", "requeue", "delete"]
    {
        for when in ["before", "after"] {
            assert!(row.at.contains_key(&format!("{when} {step}")), "{when} {step}: {:?}", row.at);
        }
    }
}

#[tokio::test]
async fn ports_that_fail_at_random_lose_nothing() {
    let row = good("faults, SQS").await;
    assert!(row.faults > SHORT.faults / 4, "{}", row.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_times_lose_nothing() {
    assert_eq!(good("crash, local").await.kills, SHORT.kills);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_providers_database_and_archive_lose_nothing() {
    let row = good("faults, local").await;
    assert_eq!(row.faults, SHORT.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_loses_nothing_and_is_measured() {
    let row = good("load, SQS").await;
    assert!(row.measured.contains_key("events_per_second"), "{:?}", row.measured);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_ends_with_every_true_event_once_and_every_forged_one_marked() {
    let row = good("a day, local").await;
    assert!(row.measured["withheld"].as_u64() > Some(0), "{:?}", row.measured);
    for figure in ["recovered", "forged"] {
        assert!(row.measured[figure].as_u64() > Some(0), "{:?}", row.measured);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_delay_no_genuine_event() {
    let row = good("attack, local").await;
    assert!(row.faults > 7_500, "{}", row.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaks() {
    good("leaks, local").await;
    good("leaks, SQS").await;
}
