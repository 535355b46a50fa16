use std::time::Duration;

use envelope::Envelope;
use ports::split_key;
use processing::{Disposition, QueueMessage};

use crate::replay::worker::Replayer;

/// Maximum time to wait for the API budget without an attempt. Such a wait is not a failure, and Meta's
/// budget is hourly, so this is longer than `--patience`.
const BUDGET_PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// The result for one key.
pub(crate) enum AttemptResult {
    Replayed,
    /// Not a selected event.
    NotSelected,
    Failed {
        id: String,
        error: String,
    },
}

/// Replays the event under a key, with retries, until it is delivered or given up.
pub(crate) async fn replay(
    replayer: &Replayer,
    key: &str,
    run: &str,
    patience: Duration,
) -> AttemptResult {
    let (id, outcome) = match replayer.source.selected(key).await {
        Ok(None) => return AttemptResult::NotSelected,
        Ok(Some((envelope, _))) => {
            let id = envelope.id.clone();
            // One of several objects with the same id is another event to a consumer.
            let replay_id = match split_key(key) {
                Some((_, hash)) => format!("{id}/replay/{run}/{hash}"),
                None => format!("{id}/replay/{run}"),
            };
            (id, attempts(replayer, envelope, replay_id, patience).await)
        }
        Err(error) => (key.to_owned(), Err(error.to_string())),
    };
    match outcome {
        Ok(()) => AttemptResult::Replayed,
        Err(error) => AttemptResult::Failed { id, error },
    }
}

async fn attempts(
    replayer: &Replayer,
    envelope: Envelope,
    replay_id: String,
    patience: Duration,
) -> Result<(), String> {
    let mut envelope = Envelope {
        id: replay_id,
        causationid: Some(envelope.id),
        replayed: Some(true),
        attempts: 0,
        badcertificates: 0,
        holds: 0,
        retryreason: None,
        progress: None,
        ..envelope
    };
    let (mut failing, mut waiting) = (Duration::ZERO, Duration::ZERO);
    loop {
        let body = serde_json::to_string(&envelope).map_err(|error| error.to_string())?;
        let record = QueueMessage {
            id: None,
            receipt: format!("replay/{}", envelope.id),
            body,
            deadline: None,
        };
        // In this task and not in one of its own, so that a stopped run makes no more calls.
        match Box::pin(replayer.worker.process(&record)).await {
            Disposition::Delivered | Disposition::Duplicate | Disposition::ChallengeStored => {
                return Ok(());
            }
            Disposition::Requeued => {}
            Disposition::Unacknowledged => {
                return Err("the worker failed; the log line above says why".to_owned());
            }
        }
        let next = replayer.retry_queue.take(&envelope.id);
        let next = next.ok_or_else(|| {
            "the event was requeued, but the retry is missing; please report this".to_owned()
        })?;
        let was_attempted = next.envelope.attempts > envelope.attempts;
        let (spent, limit) = if was_attempted || next.envelope.holds > envelope.holds {
            waiting = Duration::ZERO;
            failing += next.delay;
            (failing, patience)
        } else {
            waiting += next.delay;
            (waiting, BUDGET_PATIENCE)
        };
        if spent > limit {
            return Err(format!("given up after {} attempts", next.envelope.attempts));
        }
        tokio::time::sleep(next.delay).await;
        envelope = next.envelope;
    }
}
