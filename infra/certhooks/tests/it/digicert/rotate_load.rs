use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use simulator::{DigicertEvent, Outcome};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::stage::Stage;

/// A hundred events per second while the key is rotated twice: none is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_event_is_refused_while_the_key_is_rotated() {
    let stage = Arc::new(Stage::new().await);
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert"), "--chain", "off"]);
    let rotating = tokio::task::spawn_blocking({
        let stage = Arc::clone(&stage);
        move || {
            stage.done(&["rotate"]);
            stage.done(&["rotate"]);
        }
    });
    let mut sending = JoinSet::new();
    let mut tick = interval(Duration::from_millis(10));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !rotating.is_finished() {
        tick.tick().await;
        let stage = Arc::clone(&stage);
        sending.spawn(async move {
            let event = DigicertEvent::new("certificate_revoked");
            stage.simulator.send_digicert_event(event).await.unwrap().outcome
        });
    }
    rotating.await.unwrap();
    let mut outcomes = BTreeMap::new();
    while let Some(outcome) = sending.join_next().await {
        *outcomes.entry(format!("{:?}", outcome.unwrap())).or_insert(0_u32) += 1;
    }
    let good = format!("{:?}", Outcome::Answered { code: 200 });
    let count = outcomes.get(&good).copied().unwrap_or(0);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert!(count > 1000, "two rotations take twelve seconds and more: {count}");
    local.settle();
    let delivered = local.delivered(count as usize);
    assert_eq!(delivered.len(), count as usize, "each of them is delivered once");
}
