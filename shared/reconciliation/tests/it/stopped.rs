//! A run that does not come to its end loses nothing, and the next one does the rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ports::{EventsQueue, Outgoing, PortError, PortResult};
use reconciliation::{Job, RecoveryStatus};

use crate::stage::{JOB, Stage, counts, of_order};

/// Takes so many sent_events and then no more.
struct Filling {
    events: embedded::LocalEvents,
    room: AtomicUsize,
}

impl EventsQueue for Filling {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let took = |room: usize| room.checked_sub(1);
        match self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, took) {
            Ok(_) => self.events.send(messages).await,
            Err(_) => Err(PortError("EVENTS_QUEUE_URL: full".to_owned())),
        }
    }
}

async fn with_25_missed() -> Stage {
    let stage = Stage::set().await;
    for number in 0..25 {
        stage.happen(503, of_order("certificate_issued", 1 + number * 2)).await;
    }
    stage
}

#[tokio::test]
async fn a_queue_that_refuses_leaves_the_rest_for_the_next_run() {
    let stage = with_25_missed().await;
    let filling = Filling { events: stage.state.events(), room: AtomicUsize::new(1) };
    let report = stage.reconciler_to(filling).run(&JOB).await.unwrap();
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
async fn a_run_out_of_time_says_so() {
    let stage = with_25_missed().await;
    let over = Job { deadline: Some(Instant::now()), ..JOB };
    let error = stage.reconciler().run(&over).await.unwrap_err();
    assert!(error.to_string().contains("run it again"), "{error}");
    assert_eq!(stage.queued().await.len(), 0);
}
