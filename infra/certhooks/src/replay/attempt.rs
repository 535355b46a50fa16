use std::time::Duration;

use envelope::Envelope;
use ports::PortResult;
use processing::{Disposition, QueueMessage};
use providers::dispatch;

use crate::replay::choice::Choice;
use crate::replay::worker::Replaying;

/// Waiting without an attempt, for the API budget, is nobody's failure; Meta's budget is by the hour.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// What became of one key.
pub(crate) enum Ended {
    Replayed,
    /// No event of those that are meant.
    Passed,
    Failed {
        id: String,
        why: String,
    },
}

/// The event under a key, until it is replayed or given up.
pub(crate) async fn replay(
    replaying: &Replaying,
    key: &str,
    choice: &Choice,
    patience: Duration,
) -> Ended {
    let chosen = match chosen(replaying, key, choice).await {
        Ok(chosen) => chosen,
        Err(error) => return Ended::Failed { id: key.to_owned(), why: error.to_string() },
    };
    let Some(envelope) = chosen else { return Ended::Passed };
    let id = envelope.id.clone();
    match attempts(replaying, envelope, patience).await {
        Ok(()) => Ended::Replayed,
        Err(why) => Ended::Failed { id, why },
    }
}

async fn chosen(replaying: &Replaying, key: &str, choice: &Choice) -> PortResult<Option<Envelope>> {
    let envelope = replaying.source.envelope(key).await?;
    Ok(envelope.filter(|envelope| {
        dispatch::challenge(envelope).is_none()
            && dispatch::interpret(envelope)
                .is_some_and(|interpretation| choice.has(envelope, &interpretation))
    }))
}

async fn attempts(
    replaying: &Replaying,
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
        match replaying.worker.process_batch(vec![record]).await.first() {
            Some(
                Disposition::Delivered | Disposition::Duplicate | Disposition::ChallengeStored,
            ) => return Ok(()),
            Some(Disposition::Requeued) => {}
            Some(Disposition::Unacknowledged) | None => {
                return Err("a fault here; see the line above".to_owned());
            }
        }
        let next = replaying.again.take(&envelope.id);
        let next = next.ok_or_else(|| "it was put back and is not there".to_owned())?;
        let is_tried = next.envelope.attempts > envelope.attempts;
        let spent = if is_tried || next.envelope.holds > envelope.holds {
            waiting = Duration::ZERO;
            failing += next.delay;
            (failing, patience)
        } else {
            waiting += next.delay;
            (waiting, LONGEST_WAIT)
        };
        if spent.0 > spent.1 {
            return Err(format!("given up after {} attempts", next.envelope.attempts));
        }
        tokio::time::sleep(next.delay).await;
        envelope = next.envelope;
    }
}
