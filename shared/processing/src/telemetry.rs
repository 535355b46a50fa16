//! One log line and one count for each decision: never a body, an address or a key.

use std::time::{Duration, Instant};

use envelope::{Callback, CertificateEvent, Envelope, Outcome, Provider, rfc3339};
use metrics::{counter, histogram};
use time::OffsetDateTime;

use crate::decide::FailureKind;
use crate::enrichment::{Retry, RetryReason};

pub(crate) fn called_back(
    provider: Provider,
    envelope: &Envelope,
    callback: &Callback,
    began: Instant,
) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    let Callback { outcome, reason, attempts, status } = callback;
    let millis = millis(began.elapsed());
    let reason = reason.map(|reason| reason.as_str());
    tracing::info!(
        %provider, id, r#type = kind, traceparent, %outcome, reason, attempts, status, millis, "called back"
    );
    counted(provider, outcome.as_str(), millis);
}

pub(crate) fn held(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    tracing::warn!(
        %provider, id, r#type = kind, traceparent,
        "another worker holds it at this moment; the message is put back"
    );
}

/// Meta: the certificates that were found were delivered now or before, each on a line of its own.
pub(crate) fn searched(
    provider: Provider,
    envelope: &Envelope,
    (new, known): (usize, usize),
    began: Instant,
) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    let (outcome, attempts) = (Outcome::Queried.as_str(), envelope.attempts.saturating_add(1));
    let millis = millis(began.elapsed());
    tracing::info!(
        %provider, id, r#type = kind, traceparent, outcome, attempts, new, known, millis, "called back"
    );
    counted(provider, outcome, millis);
}

/// Meta: the other domains' certificates are delivered none the less.
pub(crate) fn refused(envelope: &Envelope, domain: &str, callback: &Callback) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    let Callback { outcome, reason, status, .. } = callback;
    let reason = reason.map(|reason| reason.as_str());
    tracing::warn!(
        provider = "meta", id, r#type = kind, traceparent, domain, %outcome, reason, status,
        "the certificates of a domain were not found out"
    );
}

pub(crate) fn again(provider: Provider, envelope: &Envelope, retry: &Retry, began: Instant) {
    let Envelope { id, kind, traceparent, attempts, .. } = envelope;
    let delay = retry.delay.as_secs();
    let (reason, failure) = match retry.reason {
        RetryReason::FailureKind(reason, failure) => (reason, failure),
        RetryReason::NoBudget => {
            tracing::info!(%provider, id, r#type = kind, traceparent, attempts, delay, "later: the budget has no room, or this run no time");
            return;
        }
        RetryReason::Held => {
            // One line for an event: a backlog of thousands comes by here every few minutes.
            if envelope.holds == 0 {
                tracing::info!(%provider, id, r#type = kind, traceparent, attempts, delay, "held: the provider is down");
            }
            counter!("Held", "provider" => provider.as_str()).increment(1);
            return;
        }
    };
    let (status, attempts) = (retry.status, attempts.saturating_add(1));
    if failure == FailureKind::KeyRefused {
        tracing::error!(
            %provider, id, r#type = kind, traceparent, status, attempts, delay,
            "the API key is refused; its events wait until it is replaced"
        );
        counter!("KeyRefused", "provider" => provider.as_str()).increment(1);
    } else {
        tracing::warn!(%provider, id, r#type = kind, traceparent, %reason, status, attempts, delay, "again later");
    }
    counted(provider, "again", millis(began.elapsed()));
}

/// The breaker of a provider opened, or a probe failed.
pub(crate) fn opened(provider: Provider, why: &'static str, pause: Duration) {
    let seconds = pause.as_secs();
    tracing::warn!(%provider, why, seconds, "breaker open: events of this provider are held");
    transition(provider, "opened");
}

pub(crate) fn half_open(provider: Provider) {
    tracing::info!(%provider, "breaker half-open: one event asks whether the provider is back");
    transition(provider, "half_open");
}

pub(crate) fn closed(provider: Provider, open: Duration) {
    let seconds = open.as_secs();
    tracing::info!(%provider, seconds, "breaker closed: the provider is back");
    transition(provider, "closed");
}

fn transition(provider: Provider, state: &'static str) {
    counter!("Breaker", "provider" => provider.as_str(), "state" => state).increment(1);
}

pub(crate) fn delivered(event: &CertificateEvent, now: OffsetDateTime) {
    let provider = event.data.provider;
    let CertificateEvent { id, kind, subject, traceparent, .. } = event;
    let age = u64::try_from((now - event.receivedtime).whole_milliseconds()).unwrap_or(0);
    let outcome = event.data.callback.outcome;
    tracing::info!(
        %provider, id, r#type = kind, subject, traceparent, %outcome, millis = age, "delivered"
    );
    counter!("Delivered", "provider" => provider.as_str(), "outcome" => outcome.as_str())
        .increment(1);
    histogram!("Age", "provider" => provider.as_str()).record(age as f64);
}

pub(crate) fn canary(provider: Provider, envelope: &Envelope, now: OffsetDateTime) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    let age = u64::try_from((now - envelope.receivedtime).whole_milliseconds()).unwrap_or(0);
    tracing::info!(%provider, id, r#type = kind, traceparent, millis = age, "the canary arrived");
    histogram!("CanaryLatency", "provider" => provider.as_str()).record(age as f64);
}

pub(crate) fn canary_age(age: time::Duration) {
    histogram!("CanaryAge").record(age.whole_milliseconds() as f64);
}

pub(crate) fn stale(event: &CertificateEvent) {
    let provider = event.data.provider;
    let CertificateEvent { id, kind, subject, traceparent, .. } = event;
    tracing::info!(
        %provider, id, r#type = kind, subject, traceparent,
        "older than the state of its certificate; delivered as stale"
    );
    counter!("Stale", "provider" => provider.as_str()).increment(1);
}

pub(crate) fn duplicate(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    tracing::info!(%provider, id, r#type = kind, traceparent, "delivered before; acknowledged");
    counter!("Duplicates", "provider" => provider.as_str()).increment(1);
}

pub(crate) fn challenge(envelope: &Envelope, expires: OffsetDateTime) {
    let Envelope { id, kind, .. } = envelope;
    let expires = rfc3339(expires);
    tracing::warn!(
        provider = "digicert",
        id,
        r#type = kind,
        expires,
        "a challenge waits for the operator: certhooks digicert webhook challenge"
    );
}

pub(crate) fn challenge_completed(envelope: &Envelope) {
    let Envelope { id, kind, .. } = envelope;
    tracing::info!(
        provider = "digicert",
        id,
        r#type = kind,
        "the challenge is completed; to activate: certhooks digicert webhook activate"
    );
}

pub(crate) fn challenge_not_completed(envelope: &Envelope, why: &str) {
    let Envelope { id, kind, .. } = envelope;
    tracing::warn!(
        provider = "digicert",
        id,
        r#type = kind,
        why,
        "DIGICERT_AUTO_VERIFY: the challenge was not completed"
    );
}

pub(crate) fn challenge_over(envelope: &Envelope) {
    let Envelope { id, kind, .. } = envelope;
    tracing::info!(provider = "digicert", id, r#type = kind, "a challenge's 30 minutes are over");
}

fn counted(provider: Provider, outcome: &'static str, millis: u64) {
    counter!("Callback", "provider" => provider.as_str(), "outcome" => outcome).increment(1);
    histogram!("CallbackDuration", "provider" => provider.as_str()).record(millis as f64);
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
