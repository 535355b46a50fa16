use std::time::Duration;

use http::StatusCode;
use ports::SecretVersions;
use secrecy::SecretString;

use crate::fakes::{CURRENT, PENDING, PREVIOUS, Queue, Source, door, post, stages};

const OK: StatusCode = StatusCode::OK;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test(start_paused = true)]
async fn each_stage_counts_while_it_should() {
    for (hours, key, status) in [
        (0, CURRENT, OK),
        (0, PENDING, OK),
        (23, PREVIOUS, OK),
        (25, PREVIOUS, UNAUTHORIZED),
        (25, PENDING, OK),
        (0, "another-0123456789-0123456789-012345", UNAUTHORIZED),
    ] {
        let door = door(&Queue::default(), &Source::of(stages(hours)));
        assert_eq!(post(&door, key).await, status, "{key} after {hours} h");
    }
}

/// Start reads the current stage alone; a mismatch reads all of them, at most each 5 s.
#[tokio::test(start_paused = true)]
async fn a_mismatch_reads_all_stages_at_most_each_five_seconds() {
    let source = Source::of(stages(0));
    let door = door(&Queue::default(), &source);
    post(&door, CURRENT).await;
    assert_eq!(source.reads(), (1, 0));
    for _ in 0..10 {
        assert_eq!(post(&door, "wrong").await, UNAUTHORIZED);
    }
    assert_eq!(source.reads(), (1, 1));

    // Stored after the last look: known 5 s later, and until then decided by what is known.
    let rotated = SecretString::from("rotated-0123456789-0123456789-012345");
    source.set(Some(SecretVersions { pending: Some(rotated), ..stages(0) }));
    let key = "rotated-0123456789-0123456789-012345";
    assert_eq!(post(&door, key).await, UNAUTHORIZED);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(post(&door, key).await, OK);
    assert_eq!(source.reads(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_cache_ends_after_its_time_also_while_the_source_is_down() {
    let source = Source::of(stages(0));
    let door = door(&Queue::default(), &source);
    post(&door, CURRENT).await;
    tokio::time::advance(Duration::from_secs(299)).await;
    source.set(None);
    assert_eq!(post(&door, CURRENT).await, OK);
    assert_eq!(source.reads(), (1, 0));
    // Whether another key is right cannot be told now.
    assert_eq!(post(&door, PENDING).await, UNAVAILABLE);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(post(&door, CURRENT).await, UNAVAILABLE);
    source.set(Some(stages(0)));
    assert_eq!(post(&door, CURRENT).await, OK);
}

#[tokio::test(start_paused = true)]
async fn an_unusable_secret_lets_nobody_in() {
    for stored in [None, Some(""), Some("   "), Some("not-filled-in"), Some("short"), Some("{}")] {
        let current = stored.map(SecretString::from);
        let source = Source::of(SecretVersions { current, ..SecretVersions::default() });
        let door = door(&Queue::default(), &source);
        for key in ["", "short", "not-filled-in", CURRENT] {
            assert_eq!(post(&door, key).await, UNAVAILABLE, "{stored:?} {key}");
        }
    }
}
