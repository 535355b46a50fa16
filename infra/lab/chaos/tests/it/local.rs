//! Crashes, faults and leak checks of `certhooks local`.

use std::path::PathBuf;

use chaos::local::{crash, faults, leaks};
use harness::{program, seed};

use crate::assert_good;

const KILLS: u64 = 25;
const FAULTS: u64 = 60;
const ROUNDS: u64 = 2;

fn certhooks() -> PathBuf {
    // A second call fails because another test of this process has set the provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    program("certhooks").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_times_lose_nothing() {
    let row = crash(&certhooks(), KILLS, seed().unwrap()).await.unwrap();
    assert_good(&row);
    assert_eq!(row.kills, KILLS);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_providers_database_and_archive_lose_nothing() {
    let row = faults(&certhooks(), FAULTS, seed().unwrap()).await.unwrap();
    assert_good(&row);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaks() {
    assert_good(&leaks(&certhooks(), ROUNDS, seed().unwrap()).await.unwrap());
}
