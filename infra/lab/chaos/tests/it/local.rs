//! Crashes, faults and leaks of `certhooks local`.

use std::path::PathBuf;

use chaos::local::{crash, faults, leaks};
use harness::{program, seed};

use crate::assert_good;

const KILLS: u64 = 25;
const FAULTS: u64 = 60;
const ROUNDS: u64 = 2;

fn certhooks() -> PathBuf {
    // An error says that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    program("certhooks").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_at_any_moment_loses_nothing() {
    let row = crash(&certhooks(), KILLS, seed().unwrap()).await.unwrap();
    assert_good(&row);
    assert_eq!(row.kills, KILLS);
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_database_and_archive_that_fail_lose_nothing() {
    let row = faults(&certhooks(), FAULTS, seed().unwrap()).await.unwrap();
    assert_good(&row);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out_in_any_form() {
    assert_good(&leaks(&certhooks(), ROUNDS, seed().unwrap()).await.unwrap());
}
