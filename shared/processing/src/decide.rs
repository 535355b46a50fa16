use std::time::Duration;

use envelope::{Envelope, Outcome, Reason};
use providers::api::Classification;
use providers::enrich::CallResult;
use time::OffsetDateTime;

use crate::types::{FailureKind, Retry, RetryReason};

/// How long a download may be not ready after `certificate_issued` (lemur polls an order 10 times).
const READY_WITHIN: time::Duration = time::Duration::minutes(10);
/// How long an event is retried before it is delivered without an answer.
pub(crate) const MAX_AGE: time::Duration = time::Duration::days(10);
/// The longest delay that SQS allows: 15 minutes.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(900);
/// Over this time a backlog spreads that the budget has no room for.
const BACKLOG_SPREAD: Duration = Duration::from_secs(60);
/// How many complete answers without a usable certificate are final.
const MAX_BAD_CERTIFICATES: u32 = 3;

/// Whether an event is too old to be retried. A replayed event never is: the operator who replays it
/// decides how long to try.
pub(crate) fn is_expired(envelope: &Envelope, now: OffsetDateTime) -> bool {
    now - envelope.receivedtime >= MAX_AGE && envelope.replayed != Some(true)
}

/// Whether an answer that cannot be used is a final result, or the event is tried again
/// (infra/docs/architecture.md, "Call-backs and their results"). `jitter` is between 0 and 1.
///
/// # Errors
/// When and why to retry.
pub(crate) fn decide(
    classification: &Classification<()>,
    status: Option<u16>,
    envelope: &Envelope,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<CallResult, Retry> {
    let age = now - envelope.receivedtime;
    let is_expired = is_expired(envelope, now);
    let backoff = backoff(envelope.attempts, jitter);
    let ended = |outcome, reason| Ok(CallResult { outcome, reason: Some(reason), status });
    let failed = |reason| ended(Outcome::Failed, reason);
    let retry = |delay, reason, failure| match is_expired {
        true => failed(Reason::Expired),
        false => {
            let reason = RetryReason::Failure(reason, failure);
            Err(Retry { delay, reason, status, progress: None })
        }
    };
    match *classification {
        Classification::Good(()) => ended(Outcome::Queried, Reason::Unreadable),
        Classification::Retry { reason, after } => {
            let requested = after.map(|after| whole_seconds(after.as_secs_f64()));
            retry(requested.unwrap_or(backoff), reason, FailureKind::Transient)
        }
        Classification::NotReady { .. } if age < READY_WITHIN => {
            retry(backoff, Reason::NotReady, FailureKind::Transient)
        }
        Classification::BadCertificate if envelope.badcertificates + 1 < MAX_BAD_CERTIFICATES => {
            retry(backoff, Reason::BadCertificate, FailureKind::BadCertificate)
        }
        Classification::BadCertificate => failed(Reason::BadCertificate),
        Classification::KeyRefused { reason } => retry(MAX_DELAY, reason, FailureKind::KeyRefused),
        Classification::NotReady { reason } | Classification::Failed { reason } => failed(reason),
        Classification::Gone { reason } => ended(Outcome::Gone, reason),
    }
}

impl Retry {
    /// The provider is down. The delay is up to three times the wait, so that held events do not
    /// return at once.
    pub(crate) fn held(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + 2.0 * jitter()) + Duration::from_secs(1);
        let delay = Duration::from_secs(spread.as_secs()).min(MAX_DELAY);
        Self { delay, reason: RetryReason::Held, status: None, progress: None }
    }

    /// The delay is longer than the wait, so that waiting events do not return at once: up to half of it, or
    /// for those of a backlog, most of which wait again, up to [`BACKLOG_SPREAD`].
    pub(crate) fn rate_limit(wait: Duration, is_backlog: bool) -> Self {
        let spread = if is_backlog { BACKLOG_SPREAD } else { wait / 2 };
        let delay = (wait + spread.mul_f64(jitter())).as_secs();
        let delay = Duration::from_secs(delay.clamp(1, MAX_DELAY.as_secs() - 1) + 1);
        Self { delay, reason: RetryReason::RateLimit, status: None, progress: None }
    }

    /// The event goes on without the answer.
    pub(crate) fn abandoned(&self) -> CallResult {
        let reason = match self.reason {
            RetryReason::Failure(reason, _) => Some(reason),
            RetryReason::RateLimit => Some(Reason::RateLimited),
            RetryReason::Held => Some(Reason::Unavailable),
            RetryReason::Deadline => None,
        };
        CallResult { outcome: Outcome::Failed, reason, status: self.status }
    }

    /// The work continues in a new receipt, which can begin soon.
    pub(crate) fn deadline() -> Self {
        Self {
            delay: Duration::from_secs(2),
            reason: RetryReason::Deadline,
            status: None,
            progress: None,
        }
    }
}

/// A number between 0 and 1. It only spreads load, so the last digits of the clock are random enough.
pub(crate) fn jitter() -> f64 {
    f64::from(OffsetDateTime::now_utc().nanosecond() / 1000 % 1000) / 1000.0
}

/// Doubles from 2 seconds with each attempt; the jitter takes off up to half.
fn backoff(attempts: u32, jitter: f64) -> Duration {
    let doubled = 2_f64 * 2_f64.powi(attempts.min(16).cast_signed());
    whole_seconds(doubled.min(MAX_DELAY.as_secs_f64()) * (0.5 + jitter / 2.0))
}

/// Rounds up, since queues count whole seconds.
fn whole_seconds(seconds: f64) -> Duration {
    let seconds = seconds.ceil().clamp(1.0, MAX_DELAY.as_secs_f64());
    Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(
        age: time::Duration,
        attempts: u32,
        badcertificates: u32,
    ) -> (Envelope, OffsetDateTime) {
        let text = r#"{"specversion":"1.0","id":"1","source":"/digicert/certcentral","type":"t","subject":"s",
            "time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","dataschema":"s",
            "receivedtime":"2026-01-01T00:00:00Z","data":{}}"#;
        let envelope: Envelope = serde_json::from_str(text).unwrap();
        let now = envelope.receivedtime + age;
        (Envelope { attempts, badcertificates, ..envelope }, now)
    }

    fn retry(seconds: u64, reason: Reason, failure: FailureKind) -> Result<CallResult, Retry> {
        let delay = Duration::from_secs(seconds);
        Err(Retry {
            delay,
            reason: RetryReason::Failure(reason, failure),
            status: Some(500),
            progress: None,
        })
    }

    fn ended(outcome: Outcome, reason: Reason) -> Result<CallResult, Retry> {
        Ok(CallResult { outcome, reason: Some(reason), status: Some(500) })
    }

    fn failed(reason: Reason) -> Result<CallResult, Retry> {
        ended(Outcome::Failed, reason)
    }

    #[test]
    fn classification_and_age_decide() {
        use time::Duration as Age;
        let limited = Classification::Retry {
            reason: Reason::RateLimited,
            after: Some(Duration::from_secs(7)),
        };
        let far = Classification::Retry {
            reason: Reason::RateLimited,
            after: Some(Duration::from_secs(7200)),
        };
        let down = Classification::Retry { reason: Reason::Unavailable, after: None };
        let not_ready = Classification::NotReady { reason: Reason::NotFound };
        let key = Classification::KeyRefused { reason: Reason::Unauthorized };
        let transient = FailureKind::Transient;
        for (classification, age, attempts, bad, expected) in [
            (limited.clone(), Age::ZERO, 0, 0, retry(7, Reason::RateLimited, transient)),
            (far, Age::ZERO, 0, 0, retry(900, Reason::RateLimited, transient)),
            (down.clone(), Age::ZERO, 0, 0, retry(2, Reason::Unavailable, transient)),
            (down.clone(), Age::ZERO, 3, 0, retry(16, Reason::Unavailable, transient)),
            (
                down.clone(),
                Age::days(9),
                4_000_000_000,
                0,
                retry(900, Reason::Unavailable, transient),
            ),
            (down, Age::days(10), 900, 0, failed(Reason::Expired)),
            (limited, Age::days(10), 900, 0, failed(Reason::Expired)),
            (not_ready.clone(), Age::seconds(599), 0, 0, retry(2, Reason::NotReady, transient)),
            (not_ready, Age::minutes(10), 0, 0, failed(Reason::NotFound)),
            (
                Classification::BadCertificate,
                Age::ZERO,
                1,
                1,
                retry(4, Reason::BadCertificate, FailureKind::BadCertificate),
            ),
            (Classification::BadCertificate, Age::ZERO, 2, 2, failed(Reason::BadCertificate)),
            (
                key.clone(),
                Age::ZERO,
                0,
                0,
                retry(900, Reason::Unauthorized, FailureKind::KeyRefused),
            ),
            (key, Age::days(10), 0, 0, failed(Reason::Expired)),
            (
                Classification::Failed { reason: Reason::Forbidden },
                Age::ZERO,
                0,
                0,
                failed(Reason::Forbidden),
            ),
            (
                Classification::Gone { reason: Reason::Retired },
                Age::ZERO,
                0,
                0,
                ended(Outcome::Gone, Reason::Retired),
            ),
        ] {
            let (envelope, now) = envelope(age, attempts, bad);
            assert_eq!(
                decide(&classification, Some(500), &envelope, now, 1.0),
                expected,
                "{classification:?} {age}"
            );
        }
    }

    #[test]
    fn a_replayed_event_is_retried_at_any_age() {
        let (envelope, now) = envelope(time::Duration::days(400), 0, 0);
        let envelope = Envelope { replayed: Some(true), ..envelope };
        let down = Classification::Retry { reason: Reason::Unavailable, after: None };
        let expected = retry(2, Reason::Unavailable, FailureKind::Transient);
        assert_eq!(decide(&down, Some(500), &envelope, now, 1.0), expected);
    }

    #[test]
    fn jitter_takes_off_up_to_half() {
        assert_eq!(backoff(4, 0.0), Duration::from_secs(16));
        assert_eq!(backoff(4, 1.0), Duration::from_secs(32));
        assert_eq!(backoff(u32::MAX, 1.0), MAX_DELAY);
    }
}
