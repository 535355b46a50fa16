use std::time::Duration;

use envelope::Envelope;
use ports::PortResult;
use processing::{Disposition, QueueMessage};
use providers::dispatch;

use crate::replay::selection::Selection;
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
    selection: &Selection,
    patience: Duration,
) -> AttemptResult {
    let selected = match selected_event(replayer, key, selection).await {
        Ok(selected) => selected,
        Err(error) => {
            return AttemptResult::Failed { id: key.to_owned(), error: error.to_string() };
        }
    };
    let Some(envelope) = selected else { return AttemptResult::NotSelected };
    let id = envelope.id.clone();
    match attempts(replayer, envelope, patience).await {
        Ok(()) => AttemptResult::Replayed,
        Err(error) => AttemptResult::Failed { id, error },
    }
}

async fn selected_event(
    replayer: &Replayer,
    key: &str,
    selection: &Selection,
) -> PortResult<Option<Envelope>> {
    let envelope = replayer.source.envelope(key).await?;
    Ok(envelope.filter(|envelope| {
        dispatch::interpret(envelope).is_some_and(|interpretation| {
            interpretation.challenge.is_none() && selection.includes(envelope, &interpretation)
        })
    }))
}

async fn attempts(
    replayer: &Replayer,
    envelope: Envelope,
    patience: Duration,
) -> Result<(), String> {
    let mut envelope =
        Envelope { replayed: Some(true), attempts: 0, badcertificates: 0, holds: 0, ..envelope };
    let (mut failing, mut waiting) = (Duration::ZERO, Duration::ZERO);
    loop {
        let body = serde_json::to_string(&envelope).map_err(|error| error.to_string())?;
        let record =
            QueueMessage { receipt: format!("replay/{}", envelope.id), body, deadline: None };
        match replayer.worker.process_batch(vec![record]).await.first() {
            Some(
                Disposition::Delivered | Disposition::Duplicate | Disposition::ChallengeStored,
            ) => return Ok(()),
            Some(Disposition::Requeued) => {}
            Some(Disposition::Unacknowledged) | None => {
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
