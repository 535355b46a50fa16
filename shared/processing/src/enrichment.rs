use std::time::Duration;

use certificate::Bundle;
use envelope::{Callback, Certificate, Checks, Envelope, Outcome, Reason};
use providers::api::Classification;
use serde_json::Value;
use time::OffsetDateTime;

use crate::decide::{Decision, FailureKind, MAX_DELAY, decide, is_expired};

/// What a call-back added to an event, or that none was needed.
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

/// The event is requeued and tried again later.
pub(crate) struct Retry {
    pub(crate) delay: Duration,
    pub(crate) reason: RetryReason,
    pub(crate) status: Option<u16>,
}

#[derive(Clone, Copy)]
pub(crate) enum RetryReason {
    /// The deadline of the invocation came before the end of the work. This counts as no attempt.
    Deadline,
    /// A call failed, which counts as an attempt.
    Failure(Reason, FailureKind),
    /// The provider is down and was not called. This counts as a hold, not as an attempt.
    Held,
    /// The rate limit allows no call now. This counts as no attempt.
    RateLimit,
}

/// The result of one call: an answer to use, or a final result without one.
pub(crate) enum Resolved<T> {
    Good { value: T, status: Option<u16> },
    Final(Callback),
}

/// The event for which a call is made.
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

    /// A result without a call in this attempt.
    pub(crate) fn uncalled(self, outcome: Outcome, reason: Option<Reason>) -> Callback {
        Callback { outcome, reason, attempts: self.envelope.attempts, status: None }
    }

    /// Whether the event was neither tried nor held before. A part of the budget is reserved for such
    /// events.
    pub(crate) fn is_first(self) -> bool {
        self.envelope.attempts == 0 && self.envelope.holds == 0
    }

    /// Holds the event while the provider is down, unless it has waited long enough.
    pub(crate) fn hold<T>(self, wait: Duration) -> Result<Resolved<T>, Retry> {
        if is_expired(self.envelope, self.now) {
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
                Err(Retry { delay, reason: RetryReason::Failure(reason, failure), status })
            }
        }
    }
}

impl Enrichment {
    /// A result without a certificate.
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

    /// A result with the certificate that the event includes, if it can be parsed.
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
    /// The delay is between one and three times the wait, so that a backlog does not return at once.
    fn held(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + 2.0 * jitter()) + Duration::from_secs(1);
        let delay = Duration::from_secs(spread.as_secs()).min(MAX_DELAY);
        Self { delay, reason: RetryReason::Held, status: None }
    }

    /// The delay is up to half longer than the wait, so that waiting events do not return at once.
    pub(crate) fn rate_limit(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + jitter() / 2.0);
        let delay = Duration::from_secs(spread.as_secs().clamp(1, 899) + 1);
        Self { delay, reason: RetryReason::RateLimit, status: None }
    }

    /// The work continues in a new receipt, which can begin soon.
    pub(crate) fn deadline() -> Self {
        Self { delay: Duration::from_secs(2), reason: RetryReason::Deadline, status: None }
    }
}

/// A number between 0 and 1. It only spreads load, so the last digits of the clock are random enough.
fn jitter() -> f64 {
    f64::from(OffsetDateTime::now_utc().nanosecond() / 1000 % 1000) / 1000.0
}
