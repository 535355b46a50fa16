//! Crashes, faults and leaks of the compiled program, in short; `make torture` has them at length.

use std::path::Path;

use torture::local::{crash, faults, leaks};
use torture::random::seed;
use torture::report::Row;

const KILLS: u64 = 25;
const FAULTS: u64 = 60;
const ROUNDS: u64 = 2;

fn program() -> &'static Path {
    // An error says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Path::new(env!("CARGO_BIN_EXE_certhooks"))
}

fn assert_kept(row: &Row) {
    println!("{row:#?}");
    assert!(row.is_good(), "TORTURE_SEED={} repeats it", row.seed);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_at_any_moment_loses_nothing() {
    let row = crash(program(), KILLS, seed().unwrap()).await.unwrap();
    assert_kept(&row);
    assert_eq!(row.kills, KILLS);
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_database_and_archive_that_fail_lose_nothing() {
    let row = faults(program(), FAULTS, seed().unwrap()).await.unwrap();
    assert_kept(&row);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out_in_any_form() {
    assert_kept(&leaks(program(), ROUNDS, seed().unwrap()).await.unwrap());
}
