use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ports::{EventsQueue, Outgoing, PortResult};
use processing::QueueMessage;

use super::clock::Simulated;

const VISIBILITY: Duration = Duration::from_secs(180);
const MAX_RECEIVES: u32 = 5;

/// The events queue with the behaviour of SQS (delays, visibility, receive counts, dead letters) in
/// simulated time.
#[derive(Clone)]
pub(crate) struct Queue {
    clock: Arc<Simulated>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// The key is the time when a message becomes visible, and its number.
    messages: BTreeMap<(Duration, u64), Message>,
    dead: u32,
}

struct Message {
    body: String,
    receives: u32,
}

/// The key of a received message until its visibility timeout ends.
pub(crate) type Receipt = (Duration, u64);

impl Queue {
    pub(crate) fn new(clock: Arc<Simulated>) -> Self {
        Self { clock, state: Arc::default() }
    }

    pub(crate) fn put(&self, body: String, delay: Duration) {
        let at = self.clock.passed() + delay;
        let mut state = self.state();
        state.next += 1;
        let number = state.next;
        state.messages.insert((at, number), Message { body, receives: 0 });
    }

    /// Receives the messages that have been visible longest.
    pub(crate) fn receive(&self, max: usize) -> Vec<(Receipt, QueueMessage)> {
        let now = self.clock.passed();
        let mut state = self.state();
        let mut received = Vec::new();
        while received.len() < max {
            let Some(first) = state.messages.first_entry().filter(|first| first.key().0 <= now)
            else {
                break;
            };
            let ((_, number), mut message) = first.remove_entry();
            if message.receives == MAX_RECEIVES {
                state.dead += 1;
                continue;
            }
            message.receives += 1;
            let receipt = format!("{number}.{}", message.receives);
            let body = message.body.clone();
            let key = (now + VISIBILITY, number);
            state.messages.insert(key, message);
            received.push((key, QueueMessage { id: None, receipt, body, deadline: None }));
        }
        received
    }

    pub(crate) fn acknowledge(&self, receipt: Receipt) {
        self.state().messages.remove(&receipt);
    }

    pub(crate) fn next_visible(&self) -> Option<Duration> {
        self.state().messages.first_key_value().map(|((at, _), _)| *at)
    }

    /// The numbers of messages left and of dead letters.
    pub(crate) fn left(&self) -> (usize, u32) {
        let state = self.state();
        (state.messages.len(), state.dead)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl EventsQueue for Queue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        for message in messages {
            assert!(message.delay <= Duration::from_secs(900), "SQS allows no longer delay");
            self.put(message.body, message.delay);
        }
        Ok(())
    }
}
