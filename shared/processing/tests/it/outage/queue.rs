use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ports::{EventsQueue, Outgoing, PortResult};
use processing::QueueMessage;

use super::clock::Simulated;

const VISIBILITY: Duration = Duration::from_secs(180);
const MAX_RECEIVES: u32 = 5;

/// The events queue as SQS has it (delays, visibility, receive counts, dead letters), in simulated time.
#[derive(Clone)]
pub(crate) struct Queue {
    clock: Arc<Simulated>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// By the time when a message becomes visible.
    messages: BTreeMap<(Duration, u64), Message>,
    dead: u32,
}

struct Message {
    body: String,
    receives: u32,
}

/// Where a received message is until its visibility ends.
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

    /// The longest visible first.
    pub(crate) fn receive(&self, most: usize) -> Vec<(Receipt, QueueMessage)> {
        let now = self.clock.passed();
        let mut state = self.state();
        let mut received = Vec::new();
        while received.len() < most {
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
            let record = QueueMessage { receipt, body: message.body.clone(), deadline: None };
            let place = (now + VISIBILITY, number);
            state.messages.insert(place, message);
            received.push((place, record));
        }
        received
    }

    pub(crate) fn acknowledge(&self, receipt: Receipt) {
        self.state().messages.remove(&receipt);
    }

    pub(crate) fn next_visible(&self) -> Option<Duration> {
        self.state().messages.first_key_value().map(|((at, _), _)| *at)
    }

    /// Messages left, and dead letters.
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
            assert!(message.delay <= Duration::from_secs(900), "SQS takes no longer delay");
            self.put(message.body, message.delay);
        }
        Ok(())
    }
}
