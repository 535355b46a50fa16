//! An incomplete run loses nothing, and the next one does the rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ports::{EventsQueue, Outgoing, PortError, PortResult};
use reconciliation::{Job, RecoveryStatus};

use crate::stage::{JOB, Stage, counts, of_order};

/// A queue that accepts `room` sends and then fails.
struct LimitedQueue {
    events: embedded::LocalEvents,
    room: AtomicUsize,
}

impl EventsQueue for LimitedQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let take = |room: usize| room.checked_sub(1);
        match self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => self.events.send(messages).await,
            Err(_) => Err(PortError("EVENTS_QUEUE_URL: full".to_owned())),
        }
    }
}

async fn with_25_missed() -> Stage {
    let stage = Stage::set().await;
    for number in 0..25 {
        stage.send(503, of_order("certificate_issued", 1 + number * 2)).await;
    }
    stage
}

#[tokio::test]
async fn a_failing_queue_leaves_the_rest_for_the_next_run() {
    let stage = with_25_missed().await;
    let limited = LimitedQueue { events: stage.state.events(), room: AtomicUsize::new(1) };
    let report = stage.reconciler_to(limited).run(&JOB).await.unwrap();
    assert_eq!(counts(&report), [25, 0, 10, 0, 15]);
    assert_eq!(report.left.as_deref(), Some("EVENTS_QUEUE_URL: full"));
    assert_eq!(
        report.rows.iter().filter(|row| row.status == RecoveryStatus::Recovered).count(),
        10
    );

    assert_eq!(stage.counts().await, [25, 0, 15, 10, 0]);
    assert_eq!(stage.queued().await.len(), 25);
}

#[tokio::test]
async fn two_runs_at_once_put_each_event_on_the_queue_once() {
    let stage = with_25_missed().await;
    let (one, other) = (stage.reconciler(), stage.reconciler());
    let (one, other) = tokio::join!(one.run(&JOB), other.run(&JOB));
    let (one, other) = (one.unwrap().counts, other.unwrap().counts);
    assert_eq!(one.recovered + other.recovered, 25, "{one:?} {other:?}");
    assert_eq!(stage.queued().await.len(), 25);
}

#[tokio::test]
async fn a_run_past_its_deadline_says_so() {
    let stage = with_25_missed().await;
    let late = Job { deadline: Some(Instant::now()), ..JOB };
    let error = stage.reconciler().run(&late).await.unwrap_err();
    assert!(error.to_string().contains("run it again"), "{error}");
    assert_eq!(stage.queued().await.len(), 0);
}
