use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ports::Clock;
use time::OffsetDateTime;
use tokio::sync::{Notify, oneshot};

/// A clock that stands still until the run sets it. Whoever sleeps by it wakes when it is set that far.
pub(crate) struct SimulatedClock {
    start: OffsetDateTime,
    origin: Instant,
    state: Mutex<State>,
    fell_asleep: Notify,
}

struct State {
    now: OffsetDateTime,
    /// By the time of waking, and a number that distinguishes those of one time.
    sleepers: BTreeMap<(OffsetDateTime, u64), oneshot::Sender<()>>,
    count: u64,
}

impl SimulatedClock {
    pub(crate) fn new(start: OffsetDateTime) -> Self {
        let state = State { now: start, sleepers: BTreeMap::new(), count: 0 };
        let (origin, fell_asleep) = (Instant::now(), Notify::new());
        Self { start, origin, state: Mutex::new(state), fell_asleep }
    }

    /// Sets the clock, which never goes back, and wakes whoever slept until then.
    pub(crate) fn set(&self, now: OffsetDateTime) {
        let mut state = self.state();
        state.now = state.now.max(now);
        let later = state.sleepers.split_off(&(now, u64::MAX));
        for sleeper in std::mem::replace(&mut state.sleepers, later).into_values() {
            // Whoever does not sleep any more is not woken.
            let _ = sleeper.send(());
        }
    }

    /// The number of those that sleep, and the time at which the first of them wakes.
    pub(crate) fn sleeping(&self) -> (usize, Option<OffsetDateTime>) {
        let mut state = self.state();
        state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        let first = state.sleepers.keys().next().map(|(time, _)| *time);
        (state.sleepers.len(), first)
    }

    /// Returns when somebody fell asleep since the last call.
    pub(crate) async fn somebody_fell_asleep(&self) {
        self.fell_asleep.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> OffsetDateTime {
        self.state().now
    }

    fn instant(&self) -> Instant {
        self.origin + Duration::try_from(self.now() - self.start).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let (wake, woken) = oneshot::channel();
            {
                let mut state = self.state();
                state.count += 1;
                let key = (state.now + duration, state.count);
                state.sleepers.insert(key, wake);
            }
            self.fell_asleep.notify_one();
            // The clock is dropped last, so that nobody misses it.
            let _ = woken.await;
        })
    }
}
