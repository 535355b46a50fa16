//! One provider's circuit breaker (M. Nygard, Release It!, "Circuit Breaker"), one in each worker
//! process: while a provider is down its events are put back without a call, and a single probe at a
//! time finds out whether it is back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use envelope::Provider;

use crate::health::Health;
use crate::{Clock, telemetry};

/// So many different events failed in a row: the provider is down. Fewer are spread well enough by
/// their own delays, and one event that always fails says nothing of the others.
const STREAK: usize = 16;
/// Of events whose API key was refused, which is the same for all.
const STREAK_OF_REFUSALS: usize = 4;

/// A probe that did not come to an end, by a crash or a timeout of ours, makes room for another.
const PROBE_LIMIT: Duration = Duration::from_secs(30);
/// Who meets a probe under way comes back after this.
const PROBE_WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Breaker {
    provider: Provider,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// Leave to call the provider. What comes of a call that began before the last transition counts for
/// nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass(u64);

#[derive(Default)]
struct State {
    /// Transitions so far.
    epoch: u64,
    phase: Phase,
}

enum Phase {
    Closed(Streak),
    Open(Open),
}

/// Events that failed since the provider last answered well.
#[derive(Default)]
struct Streak {
    failed: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// The longest `Retry-After` of them.
    retry_after: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Open {
    since: Instant,
    until: Instant,
    /// Probes that failed.
    failed: u32,
    is_probing: bool,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(Streak::default())
    }
}

impl Streak {
    /// Whether it shows that the provider is down.
    fn add(&mut self, id: &str, health: Health) -> bool {
        self.retry_after = self.retry_after.max(health.retry_after());
        self.failed.insert(id.to_owned());
        if health == Health::KeyRefused {
            self.refused.insert(id.to_owned());
        }
        self.failed.len() >= STREAK || self.refused.len() >= STREAK_OF_REFUSALS
    }
}

impl Breaker {
    pub(crate) fn new(provider: Provider, clock: Arc<dyn Clock>) -> Self {
        Self { provider, clock, state: Mutex::default() }
    }

    /// Leave to call, or how long to wait before asking again.
    pub(crate) fn admit(&self) -> Result<Pass, Duration> {
        let mut state = self.state();
        let now = self.clock.instant();
        let Phase::Open(open) = &mut state.phase else { return Ok(Pass(state.epoch)) };
        let left = open.until.saturating_duration_since(now);
        if !left.is_zero() {
            return Err(if open.is_probing { left.min(PROBE_WAIT) } else { left });
        }
        (open.is_probing, open.until) = (true, now + PROBE_LIMIT);
        state.epoch += 1;
        telemetry::half_open(self.provider);
        Ok(Pass(state.epoch))
    }

    /// What came of a call for the event with this id.
    pub(crate) fn report(&self, pass: Pass, id: &str, health: Health) {
        let mut state = self.state();
        if pass.0 != state.epoch {
            return;
        }
        let now = self.clock.instant();
        let next = match &mut state.phase {
            Phase::Closed(streak) if health == Health::Well => {
                *streak = Streak::default();
                return;
            }
            Phase::Closed(_) if health == Health::Unclear => return,
            Phase::Closed(streak) => {
                if !streak.add(id, health) {
                    return;
                }
                let until = now + health.pause(0, streak.retry_after);
                Phase::Open(Open { since: now, until, failed: 0, is_probing: false })
            }
            Phase::Open(open) if health == Health::Well => {
                telemetry::closed(self.provider, now - open.since);
                Phase::default()
            }
            Phase::Open(open) => {
                let failed = open.failed.saturating_add(1);
                let until = now + health.pause(failed, health.retry_after());
                Phase::Open(Open { failed, until, is_probing: false, ..*open })
            }
        };
        if let Phase::Open(open) = &next {
            telemetry::opened(self.provider, health.word(), open.until - now);
        }
        *state = State { epoch: state.epoch + 1, phase: next };
    }

    /// The call was not made after all, so another one may be the probe.
    pub(crate) fn give_back(&self, pass: Pass) {
        let mut state = self.state();
        if pass.0 == state.epoch {
            state.probe_now(self.clock.instant());
        }
    }

    /// There is another key than the refused one: the next call is the probe.
    pub(crate) fn key_replaced(&self) {
        self.state().probe_now(self.clock.instant());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn probe_now(&mut self, now: Instant) {
        if let Phase::Open(open) = &mut self.phase {
            (open.is_probing, open.until) = (false, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use envelope::Reason;

    use super::*;
    use crate::clock::Machine;

    const DOWN: Health = Health::Down { reason: Reason::Unavailable, after: None };

    fn breaker() -> Breaker {
        Breaker::new(Provider::Digicert, Arc::new(Machine))
    }

    fn report(breaker: &Breaker, ids: std::ops::Range<usize>, health: Health) {
        for id in ids {
            breaker.report(breaker.admit().unwrap(), &id.to_string(), health);
        }
    }

    /// How long who comes now is put back, in whole seconds rounded up.
    fn wait(breaker: &Breaker) -> Option<u64> {
        breaker.admit().err().map(|wait| wait.as_secs_f64().ceil() as u64)
    }

    #[test]
    fn different_events_in_a_row_open_it() {
        let retry_after = |seconds| Health::Down {
            reason: Reason::RateLimited,
            after: Some(Duration::from_secs(seconds)),
        };
        for (health, events, pause) in [
            (DOWN, STREAK, 5),
            (retry_after(70), STREAK, 70),
            (retry_after(3), STREAK, 5),
            (retry_after(86_400), STREAK, 3600),
            (Health::KeyRefused, STREAK_OF_REFUSALS, 900),
        ] {
            let breaker = breaker();
            report(&breaker, 1..events, health);
            report(&breaker, 0..1, Health::Well);
            report(&breaker, 1..events, health);
            report(&breaker, 1..events, health);
            report(&breaker, events..99, Health::Unclear);
            assert_eq!(wait(&breaker), None, "{health:?}");
            report(&breaker, events..events + 1, health);
            assert_eq!(wait(&breaker), Some(pause), "{health:?}");
        }
    }

    #[test]
    fn one_probe_at_a_time_decides() {
        let breaker = breaker();
        let late = breaker.admit().unwrap();
        report(&breaker, 0..STREAK, DOWN);
        // What began before says nothing of now.
        breaker.report(late, "late", Health::Well);
        assert_eq!(wait(&breaker), Some(5));

        breaker.key_replaced();
        let probe = breaker.admit().unwrap();
        assert_eq!(wait(&breaker), Some(10));
        breaker.give_back(probe);
        let probe = breaker.admit().unwrap();
        breaker.report(probe, "a", Health::Unclear);
        assert_eq!(wait(&breaker), Some(10), "twice the first pause");

        breaker.key_replaced();
        let probe = breaker.admit().unwrap();
        breaker.report(probe, "b", Health::Well);
        report(&breaker, 0..STREAK - 1, DOWN);
        assert_eq!(wait(&breaker), None, "closed, with nothing held against it");
    }
}
