use std::time::Duration;

use http::StatusCode;
use ports::SecretVersions;
use secrecy::SecretString;

use crate::fakes::{CURRENT, PENDING, PREVIOUS, Queue, Source, intake, post, stages};

const OK: StatusCode = StatusCode::OK;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test(start_paused = true)]
async fn each_stage_is_accepted_for_its_time() {
    for (hours, key, status) in [
        (0, CURRENT, OK),
        (0, PENDING, OK),
        (23, PREVIOUS, OK),
        (25, PREVIOUS, UNAUTHORIZED),
        (25, PENDING, OK),
        (0, "another-0123456789-0123456789-012345", UNAUTHORIZED),
    ] {
        let intake = intake(&Queue::default(), &Source::of(stages(hours)));
        assert_eq!(post(&intake, key).await, status, "{key} after {hours} h");
    }
}

/// The first request reads only the current stage; a mismatch reads all stages, at most every 5 seconds.
#[tokio::test(start_paused = true)]
async fn a_mismatch_reads_all_stages_at_most_every_five_seconds() {
    let source = Source::of(stages(0));
    let intake = intake(&Queue::default(), &source);
    post(&intake, CURRENT).await;
    assert_eq!(source.reads(), (1, 0));
    for _ in 0..10 {
        assert_eq!(post(&intake, "wrong").await, UNAUTHORIZED);
    }
    assert_eq!(source.reads(), (1, 1));

    // A secret that is stored after the last read is accepted 5 seconds later.
    let rotated = SecretString::from("rotated-0123456789-0123456789-012345");
    source.set(Some(SecretVersions { pending: Some(rotated), ..stages(0) }));
    let key = "rotated-0123456789-0123456789-012345";
    assert_eq!(post(&intake, key).await, UNAUTHORIZED);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(post(&intake, key).await, OK);
    assert_eq!(source.reads(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_cache_expires_even_while_the_source_is_down() {
    let source = Source::of(stages(0));
    let intake = intake(&Queue::default(), &source);
    post(&intake, CURRENT).await;
    tokio::time::advance(Duration::from_secs(299)).await;
    source.set(None);
    assert_eq!(post(&intake, CURRENT).await, OK);
    assert_eq!(source.reads(), (1, 0));
    // Another key cannot be verified now.
    assert_eq!(post(&intake, PENDING).await, UNAVAILABLE);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(post(&intake, CURRENT).await, UNAVAILABLE);
    source.set(Some(stages(0)));
    assert_eq!(post(&intake, CURRENT).await, OK);
}

#[tokio::test(start_paused = true)]
async fn an_unusable_secret_accepts_no_request() {
    for stored in [None, Some(""), Some("   "), Some("not-filled-in"), Some("short"), Some("{}")] {
        let current = stored.map(SecretString::from);
        let source = Source::of(SecretVersions { current, ..SecretVersions::default() });
        let intake = intake(&Queue::default(), &source);
        for key in ["", "short", "not-filled-in", CURRENT] {
            assert_eq!(post(&intake, key).await, UNAVAILABLE, "{stored:?} {key}");
        }
    }
}
