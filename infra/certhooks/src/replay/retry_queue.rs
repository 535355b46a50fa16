use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use envelope::Envelope;
use ports::{EventsQueue, Outgoing, PortError, PortResult};

/// The events queue of a replay. Retries stay in this process, since the real events queue is for new
/// events.
#[derive(Clone, Default)]
pub(crate) struct RetryQueue(Arc<Mutex<HashMap<String, Vec<ScheduledRetry>>>>);

/// The next attempt for an event, after a delay.
pub(crate) struct ScheduledRetry {
    pub(crate) envelope: Envelope,
    pub(crate) delay: Duration,
}

impl RetryQueue {
    /// Removes the retry that the worker requeued for an event.
    pub(crate) fn take(&self, id: &str) -> Option<ScheduledRetry> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.get_mut(id)?.pop();
        waiting.retain(|_, next| !next.is_empty());
        next
    }
}

impl EventsQueue for RetryQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        for Outgoing { body, delay, .. } in messages {
            let unreadable = |_| PortError("a requeued event is not a valid envelope".to_owned());
            let envelope: Envelope = serde_json::from_str(&body).map_err(unreadable)?;
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting
                .entry(envelope.id.clone())
                .or_default()
                .push(ScheduledRetry { envelope, delay });
        }
        Ok(())
    }
}
