use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use envelope::Envelope;
use ports::{EventsQueue, Outgoing, PortError, PortResult};

/// What must be tried again stays in this command: the events queue belongs to new events.
#[derive(Clone, Default)]
pub(crate) struct Again(Arc<Mutex<HashMap<String, Vec<Next>>>>);

/// An event's next attempt.
pub(crate) struct Next {
    pub(crate) envelope: Envelope,
    pub(crate) delay: Duration,
}

impl Again {
    /// What the worker put back of this event.
    pub(crate) fn take(&self, id: &str) -> Option<Next> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.get_mut(id)?.pop();
        waiting.retain(|_, next| !next.is_empty());
        next
    }
}

impl EventsQueue for Again {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        for Outgoing { body, delay, .. } in messages {
            let unreadable = |_| PortError("an event that was put back is no envelope".to_owned());
            let envelope: Envelope = serde_json::from_str(&body).map_err(unreadable)?;
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.entry(envelope.id.clone()).or_default().push(Next { envelope, delay });
        }
        Ok(())
    }
}
