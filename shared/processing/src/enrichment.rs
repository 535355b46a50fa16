use std::time::Duration;

use certificate::Bundle;
use envelope::{Callback, Certificate, Checks, Envelope, Outcome, Reason};
use providers::api::Classification;
use serde_json::Value;
use time::OffsetDateTime;

use crate::decide::{Decision, FailureKind, LONGEST_DELAY, decide, is_tried_enough};

/// What is known of an event once the provider was asked, or need not be.
pub(crate) struct Enrichment {
    pub(crate) callback: Callback,
    pub(crate) status: Option<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) pem_chain: Option<String>,
    pub(crate) checks: Checks,
    pub(crate) problems: Vec<String>,
    pub(crate) dcv: Option<Value>,
    pub(crate) related: Vec<Certificate>,
}

/// Not now: the envelope goes back onto the queue.
pub(crate) struct Retry {
    pub(crate) delay: Duration,
    pub(crate) reason: RetryReason,
    pub(crate) status: Option<u16>,
}

#[derive(Clone, Copy)]
pub(crate) enum RetryReason {
    /// The provider was asked: an attempt.
    FailureKind(Reason, FailureKind),
    /// The budget had no room, or the run no time: no attempt.
    NoBudget,
    /// The provider is down, so it was not asked: no attempt, and not new any more.
    Held,
}

/// The end of one question: an answer to use, or a result without one.
pub(crate) enum Resolved<T> {
    Good { value: T, status: Option<u16> },
    Final(Callback),
}

/// The event in whose course a question is asked.
#[derive(Clone, Copy)]
pub(crate) struct CallContext<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) now: OffsetDateTime,
}

impl CallContext<'_> {
    fn attempts(self) -> u32 {
        self.envelope.attempts.saturating_add(1)
    }

    pub(crate) fn callback(self, outcome: Outcome, status: Option<u16>) -> Callback {
        Callback { outcome, reason: None, attempts: self.attempts(), status }
    }

    /// A result that needed no call in this attempt.
    pub(crate) fn uncalled(self, outcome: Outcome, reason: Option<Reason>) -> Callback {
        Callback { outcome, reason, attempts: self.envelope.attempts, status: None }
    }

    /// Neither tried nor held before: it takes from the room in the budget that is kept for these.
    pub(crate) fn is_first(self) -> bool {
        self.envelope.attempts == 0 && self.envelope.holds == 0
    }

    /// While the provider is down: back onto the queue, unless it waited long enough.
    pub(crate) fn hold<T>(self, wait: Duration) -> Result<Resolved<T>, Retry> {
        if is_tried_enough(self.envelope, self.now) {
            return Ok(Resolved::Final(self.uncalled(Outcome::Failed, Some(Reason::Expired))));
        }
        Err(Retry::held(wait))
    }

    pub(crate) fn resolve<T>(
        self,
        classification: Classification<T>,
        status: Option<u16>,
    ) -> Result<Resolved<T>, Retry> {
        match decide(classification, self.envelope, self.now, jitter()) {
            Decision::Good(value) => Ok(Resolved::Good { value, status }),
            Decision::Final { outcome, reason } => Ok(Resolved::Final(Callback {
                outcome,
                reason: Some(reason),
                attempts: self.attempts(),
                status,
            })),
            Decision::Retry { delay, reason, failure } => {
                Err(Retry { delay, reason: RetryReason::FailureKind(reason, failure), status })
            }
        }
    }
}

impl Enrichment {
    /// A result without any certificate of its own.
    pub(crate) fn bare(callback: Callback) -> Self {
        Self {
            callback,
            status: None,
            certificates: Vec::new(),
            pem_chain: None,
            checks: Checks::default(),
            problems: Vec::new(),
            dcv: None,
            related: Vec::new(),
        }
    }

    /// With what came in the event itself, if it can be read.
    pub(crate) fn included(callback: Callback, pem: Option<&str>, now: OffsetDateTime) -> Self {
        match pem.and_then(|pem| certificate::read(pem.as_bytes(), now).ok()) {
            Some(bundle) => Self::bundle(callback, bundle),
            None => Self::bare(callback),
        }
    }

    pub(crate) fn bundle(callback: Callback, bundle: Bundle) -> Self {
        let Bundle { certificates, pem_chain, checks } = bundle;
        Self { certificates, pem_chain: Some(pem_chain), checks, ..Self::bare(callback) }
    }
}

impl Retry {
    /// Spread over twice the wait, so that a backlog does not come back at once.
    fn held(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + 2.0 * jitter()) + Duration::from_secs(1);
        let delay = Duration::from_secs(spread.as_secs()).min(LONGEST_DELAY);
        Self { delay, reason: RetryReason::Held, status: None }
    }

    /// Spread a little, so that all who wait do not come back at once.
    pub(crate) fn no_budget(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + jitter() / 2.0);
        let delay = Duration::from_secs(spread.as_secs().clamp(1, 899) + 1);
        Self { delay, reason: RetryReason::NoBudget, status: None }
    }
}

/// Between 0 and 1; only spreads load, so the clock's last digits will do.
fn jitter() -> f64 {
    f64::from(OffsetDateTime::now_utc().nanosecond() / 1000 % 1000) / 1000.0
}
