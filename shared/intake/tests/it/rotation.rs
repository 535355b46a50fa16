use std::time::Duration;

use envelope::Envelope;
use http::StatusCode;
use ports::{SecretIds, SecretVersions};
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

/// The name of the version stays, whatever the endpoint takes for its stage: here the pending one was promoted
/// while the cache still has it as pending, and the old one as current.
#[tokio::test(start_paused = true)]
async fn an_envelope_names_the_version_that_admitted_it() {
    let (queue, source) = (Queue::default(), Source::of(stages(0)));
    let intake = intake(&queue, &source);
    for key in [CURRENT, PENDING, PREVIOUS] {
        post(&intake, key).await;
    }
    source.set(Some(SecretVersions {
        current: Some(PENDING.into()),
        ids: SecretIds { current: Some("v3".into()), ..SecretIds::default() },
        ..SecretVersions::default()
    }));
    for key in [CURRENT, PENDING] {
        assert_eq!(post(&intake, key).await, OK);
    }
    tokio::time::advance(Duration::from_secs(301)).await;
    assert_eq!(post(&intake, CURRENT).await, UNAUTHORIZED);
    assert_eq!(post(&intake, PENDING).await, OK);
    let sent = queue.sent.lock().unwrap();
    let admitted: Vec<_> = sent
        .iter()
        .map(|message| serde_json::from_str::<Envelope>(&message.body).unwrap())
        .map(|envelope| (envelope.secretstage.unwrap(), envelope.secretversion.unwrap()))
        .collect();
    let expected = [
        ("AWSCURRENT", "v2"),
        ("AWSPENDING", "v3"),
        ("AWSPREVIOUS", "v1"),
        ("AWSCURRENT", "v2"),
        ("AWSPENDING", "v3"),
        ("AWSCURRENT", "v3"),
    ];
    assert_eq!(admitted, expected.map(|(stage, id)| (stage.to_owned(), id.to_owned())));
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
    let (reads, _) = source.reads();
    for _ in 0..100 {
        assert_eq!(post(&intake, CURRENT).await, UNAVAILABLE);
    }
    assert_eq!(source.reads().0, reads + 1, "strangers have it read once a second at most");
    source.set(Some(stages(0)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(post(&intake, CURRENT).await, OK);
}

#[tokio::test(start_paused = true)]
async fn an_unusable_secret_accepts_no_request() {
    let malformed = [
        format!("{{'webhook_key': '{CURRENT}'}}"),
        format!("{{\"webhook_key\": \"{CURRENT}\",}}"),
        format!("\u{feff}{{\"webhook_key\": \"{CURRENT}\"}}"),
        format!("{{\"webhook_key\": \"{CURRENT}"),
        format!("\"{CURRENT}\""),
        format!("[\"{CURRENT}\"]"),
    ];
    let unusable = ["", "   ", "not-filled-in", "short", "{}"];
    let stored = unusable.into_iter().chain(malformed.iter().map(String::as_str));
    for stored in stored.map(Some).chain([None]) {
        let current = stored.map(SecretString::from);
        let source = Source::of(SecretVersions { current, ..SecretVersions::default() });
        let intake = intake(&Queue::default(), &source);
        for key in ["", "short", "not-filled-in", CURRENT] {
            assert_eq!(post(&intake, key).await, UNAVAILABLE, "{stored:?} {key}");
        }
    }
}

/// Guesses cost nothing while the store is in trouble.
#[tokio::test(start_paused = true)]
async fn a_failed_read_of_all_stages_is_not_repeated_for_five_seconds() {
    let source = Source::of(stages(0));
    let intake = intake(&Queue::default(), &source);
    assert_eq!(post(&intake, CURRENT).await, OK);
    source.set(None);
    for _ in 0..30 {
        assert_eq!(post(&intake, "wrong").await, UNAVAILABLE);
        assert_eq!(post(&intake, CURRENT).await, OK);
    }
    assert_eq!(source.reads(), (1, 1));
    source.set(Some(stages(0)));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(post(&intake, PENDING).await, OK);
    assert_eq!(source.reads(), (1, 2));
}

/// A date in the future prolongs nothing, but for the difference of two clocks.
#[tokio::test(start_paused = true)]
async fn a_rotation_in_the_future_is_none() {
    let minutes = |minutes| {
        let created = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        SecretVersions { current_created: Some(created), ..stages(0) }
    };
    for (versions, status) in [(minutes(2), OK), (minutes(60), UNAUTHORIZED)] {
        let intake = intake(&Queue::default(), &Source::of(versions));
        assert_eq!(post(&intake, PREVIOUS).await, status);
    }
}
