//! The circuit breaker of one provider (M. Nygard, Release It!, "Circuit Breaker"), one in each worker
//! process. While the provider is down, its events are requeued without a call, and one probe at a
//! time finds out whether it has recovered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use envelope::{Provider, Reason};
use providers::api::Classification;

use crate::{Clock, telemetry};

/// How many different events in a row must fail before the provider counts as down. Fewer are spread
/// well enough by their own delays, and one event that always fails says nothing about the others.
const FAILURE_THRESHOLD: usize = 16;
/// The same for events whose API key was refused, since all events use the same key.
const REFUSAL_THRESHOLD: usize = 4;

/// When a probe that never reported, because of a crash or a timeout of ours, allows another one.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait of an event that finds a probe in progress.
const PROBE_WAIT: Duration = Duration::from_secs(10);

/// The first pause of an open breaker; each probe that fails doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// The pause after a refused key, which only an operator can replace. A new key is tried at once.
const KEY_PAUSE: Duration = Duration::from_secs(900);
/// The longest `Retry-After` that is respected, so that a provider that recovers sooner is noticed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What an answer says about the provider, apart from the event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Health {
    Up,
    /// A complete answer of success that cannot be parsed: a problem of the event, or a maintenance
    /// page. It neither opens nor closes the breaker.
    Unclear,
    Down {
        reason: Reason,
        after: Option<Duration>,
    },
    KeyRefused,
}

impl Health {
    pub(crate) fn of<T>(classification: &Classification<T>, status: Option<u16>) -> Self {
        match *classification {
            Classification::Retry { reason: Reason::Unreadable, .. }
                if status.is_some_and(|status| (200..300).contains(&status)) =>
            {
                Self::Unclear
            }
            Classification::Retry { reason, after } => Self::Down { reason, after },
            Classification::KeyRefused { .. } => Self::KeyRefused,
            _ => Self::Up,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unclear => "unreadable",
            Self::Down { reason, .. } => reason.as_str(),
            Self::KeyRefused => "key_refused",
        }
    }

    pub(crate) fn retry_after(self) -> Option<Duration> {
        if let Self::Down { after, .. } = self { after } else { None }
    }

    /// How long the breaker stays open after `failed_probes`.
    pub(crate) fn pause(self, failed_probes: u32, retry_after: Option<Duration>) -> Duration {
        if self == Self::KeyRefused {
            return KEY_PAUSE;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << failed_probes.min(16)).min(MAX_PAUSE);
        doubled.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
    }
}

pub(crate) struct Breaker {
    provider: Provider,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// The permit for one call to the provider. The result of a call that began before the last transition
/// is ignored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permit(u64);

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

/// The events that failed since the last good answer of the provider.
#[derive(Default)]
struct Streak {
    failed: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// The longest `Retry-After` of their answers.
    retry_after: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Open {
    since: Instant,
    until: Instant,
    failed_probes: u32,
    is_probing: bool,
    /// Because of the key, and not of the provider.
    is_refused: bool,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(Streak::default())
    }
}

impl Streak {
    /// Adds a failure and returns whether the provider now counts as down.
    fn add(&mut self, id: &str, health: Health) -> bool {
        self.retry_after = self.retry_after.max(health.retry_after());
        self.failed.insert(id.to_owned());
        if health == Health::KeyRefused {
            self.refused.insert(id.to_owned());
        }
        self.failed.len() >= FAILURE_THRESHOLD || self.refused.len() >= REFUSAL_THRESHOLD
    }
}

impl Breaker {
    pub(crate) fn new(provider: Provider, clock: Arc<dyn Clock>) -> Self {
        Self { provider, clock, state: Mutex::default() }
    }

    /// # Errors
    /// The time to wait, while the breaker is open.
    pub(crate) fn permit(&self) -> Result<Permit, Duration> {
        let mut state = self.state();
        let now = self.clock.instant();
        let Phase::Open(open) = &mut state.phase else { return Ok(Permit(state.epoch)) };
        let left = open.until.saturating_duration_since(now);
        if !left.is_zero() {
            return Err(if open.is_probing { left.min(PROBE_WAIT) } else { left });
        }
        (open.is_probing, open.until) = (true, now + PROBE_TIMEOUT);
        state.epoch += 1;
        telemetry::half_open(self.provider);
        Ok(Permit(state.epoch))
    }

    /// Whether events wait without a call.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state().phase, Phase::Open(_))
    }

    /// Reports the result of a call for the event with this id.
    pub(crate) fn report(&self, permit: Permit, id: &str, health: Health) {
        let mut state = self.state();
        if permit.0 != state.epoch {
            return;
        }
        let now = self.clock.instant();
        let next = match &mut state.phase {
            Phase::Closed(streak) if health == Health::Up => {
                *streak = Streak::default();
                return;
            }
            Phase::Closed(_) if health == Health::Unclear => return,
            Phase::Closed(streak) => {
                if !streak.add(id, health) {
                    return;
                }
                let until = now + health.pause(0, streak.retry_after);
                let is_refused = health == Health::KeyRefused;
                Phase::Open(Open {
                    since: now,
                    until,
                    failed_probes: 0,
                    is_probing: false,
                    is_refused,
                })
            }
            Phase::Open(open) if health == Health::Up => {
                telemetry::closed(self.provider, now - open.since);
                Phase::default()
            }
            Phase::Open(open) => {
                let failed_probes = open.failed_probes.saturating_add(1);
                let until = now + health.pause(failed_probes, health.retry_after());
                let is_refused = health == Health::KeyRefused;
                Phase::Open(Open { failed_probes, until, is_probing: false, is_refused, ..*open })
            }
        };
        if let Phase::Open(open) = &next {
            telemetry::opened(self.provider, health.as_str(), open.until - now);
        }
        *state = State { epoch: state.epoch + 1, phase: next };
    }

    /// Returns the permit of a call that was not made, so that another call may be the probe.
    pub(crate) fn give_back(&self, permit: Permit) {
        let mut state = self.state();
        if permit.0 == state.epoch {
            state.probe_now(self.clock.instant());
        }
    }

    /// The refused key was replaced. If it was the key, nothing is known against the provider, and whatever
    /// waited may go at once; else the next call is the probe.
    pub(crate) fn key_replaced(&self) {
        let (mut state, now) = (self.state(), self.clock.instant());
        match &state.phase {
            Phase::Open(open) if open.is_refused => {
                telemetry::closed(self.provider, now - open.since);
                *state = State { epoch: state.epoch + 1, phase: Phase::default() };
            }
            _ => state.probe_now(now),
        }
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
    use super::*;
    use ports::SystemClock;

    const DOWN: Health = Health::Down { reason: Reason::Unavailable, after: None };

    fn breaker() -> Breaker {
        Breaker::new(Provider::DIGICERT, Arc::new(SystemClock))
    }

    fn report(breaker: &Breaker, ids: std::ops::Range<usize>, health: Health) {
        for id in ids {
            breaker.report(breaker.permit().unwrap(), &id.to_string(), health);
        }
    }

    /// How long an event is held now, in seconds, rounded up; `None` when the breaker permits a call.
    fn wait(breaker: &Breaker) -> Option<u64> {
        breaker.permit().err().map(|wait| wait.as_secs_f64().ceil() as u64)
    }

    #[test]
    fn failures_of_different_events_in_a_row_open_it() {
        let retry_after = |seconds| Health::Down {
            reason: Reason::RateLimited,
            after: Some(Duration::from_secs(seconds)),
        };
        for (health, events, pause) in [
            (DOWN, FAILURE_THRESHOLD, 5),
            (retry_after(70), FAILURE_THRESHOLD, 70),
            (retry_after(3), FAILURE_THRESHOLD, 5),
            (retry_after(86_400), FAILURE_THRESHOLD, 3600),
            (Health::KeyRefused, REFUSAL_THRESHOLD, 900),
        ] {
            let breaker = breaker();
            report(&breaker, 1..events, health);
            report(&breaker, 0..1, Health::Up);
            report(&breaker, 1..events, health);
            report(&breaker, 1..events, health);
            report(&breaker, events..99, Health::Unclear);
            assert_eq!(wait(&breaker), None, "{health:?}");
            report(&breaker, events..events + 1, health);
            assert_eq!(wait(&breaker), Some(pause), "{health:?}");
        }
    }

    #[test]
    fn a_replaced_key_closes_what_the_old_one_opened() {
        let breaker = breaker();
        report(&breaker, 0..REFUSAL_THRESHOLD, Health::KeyRefused);
        assert_eq!(wait(&breaker), Some(900));
        breaker.key_replaced();
        report(&breaker, 0..REFUSAL_THRESHOLD - 1, Health::KeyRefused);
        assert_eq!(wait(&breaker), None, "not even a probe is waited for");
        report(&breaker, REFUSAL_THRESHOLD..REFUSAL_THRESHOLD + 1, Health::KeyRefused);
        assert_eq!(wait(&breaker), Some(900), "the new one is refused too");
    }

    #[test]
    fn one_probe_at_a_time_decides() {
        let breaker = breaker();
        let late = breaker.permit().unwrap();
        report(&breaker, 0..FAILURE_THRESHOLD, DOWN);
        // A call that began before the breaker opened has no effect.
        breaker.report(late, "late", Health::Up);
        assert_eq!(wait(&breaker), Some(5));

        breaker.key_replaced();
        let probe = breaker.permit().unwrap();
        assert_eq!(wait(&breaker), Some(10));
        breaker.give_back(probe);
        let probe = breaker.permit().unwrap();
        breaker.report(probe, "a", Health::Unclear);
        assert_eq!(wait(&breaker), Some(10), "twice the first pause");

        breaker.key_replaced();
        let probe = breaker.permit().unwrap();
        breaker.report(probe, "b", Health::Up);
        report(&breaker, 0..FAILURE_THRESHOLD - 1, DOWN);
        assert_eq!(wait(&breaker), None, "closed, with an empty streak");
    }

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let down = Health::Down { reason: Reason::Timeout, after: None };
        let pauses: Vec<_> = (0..9).map(|failed| down.pause(failed, None).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(down.pause(u32::MAX, Some(Duration::from_secs(900))).as_secs(), 900);
        assert_eq!(Health::KeyRefused.pause(0, None).as_secs(), 900);
    }
}
