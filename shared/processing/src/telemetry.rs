//! One log line and one metric for each decision. No line contains a body, an address or a key.

use std::time::Duration;

use envelope::{Callback, CertificateEvent, Envelope, Outcome, Provider, rfc3339};
use metrics::{counter, histogram};
use ports::PortError;
use providers::profile::Profile;
use time::OffsetDateTime;

use crate::types::{Event, FailureKind, Retry, RetryReason};

/// The message stays on the queue; `envelope` is `None` where the body is not one.
pub(crate) fn unacknowledged(envelope: Option<&Envelope>, error: &PortError) {
    let id = envelope.map(|envelope| envelope.id.as_str());
    let kind = envelope.map(|envelope| envelope.kind.as_str());
    let traceparent = envelope.and_then(|envelope| envelope.traceparent.as_deref());
    tracing::error!(id, r#type = kind, traceparent, %error, "leaving it for redelivery");
}

pub(crate) fn called_back(event: &Event<'_>, callback: &Callback) {
    let (provider, began) = (event.interpretation.provider, event.began);
    let Envelope { id, kind, traceparent, .. } = event.envelope;
    let Callback { outcome, reason, attempts: attempt, status } = callback;
    let duration_ms = millis(began.elapsed());
    let reason = reason.map(|reason| reason.as_str());
    tracing::info!(
        %provider, id, r#type = kind, traceparent, %outcome, reason, attempt, status, duration_ms, "called back"
    );
    count_callback(provider, outcome.as_str(), duration_ms);
}

pub(crate) fn claimed_elsewhere(event: &Event<'_>) {
    let provider = event.interpretation.provider;
    let Envelope { id, kind, traceparent, .. } = event.envelope;
    tracing::warn!(
        %provider, id, r#type = kind, traceparent, "claimed by another worker; requeued"
    );
}

/// The certificates that were found are delivered, now or before, each with its own log line.
pub(crate) fn emitted(event: &Event<'_>, new: usize, known: usize, problems: &[String]) {
    let (provider, envelope) = (event.interpretation.provider, event.envelope);
    let Envelope { id, kind, traceparent, .. } = envelope;
    let (outcome, attempt) = (Outcome::Queried.as_str(), envelope.attempts.saturating_add(1));
    let duration_ms = millis(event.began.elapsed());
    for problem in problems {
        tracing::warn!(%provider, id, r#type = kind, traceparent, problem, "search incomplete");
    }
    tracing::info!(
        %provider, id, r#type = kind, traceparent, outcome, attempt, new, known, duration_ms, "called back"
    );
    count_callback(provider, outcome, duration_ms);
}

pub(crate) fn requeued(event: &Event<'_>, retry: &Retry) {
    let (provider, envelope) = (event.interpretation.provider, event.envelope);
    let Envelope { id, kind, traceparent, attempts, .. } = envelope;
    let delay_seconds = retry.delay.as_secs();
    match retry.reason {
        RetryReason::Deadline => {
            tracing::info!(
                %provider, id, r#type = kind, traceparent, attempt = attempts, delay_seconds,
                "deferred: deadline"
            );
        }
        RetryReason::Failure(reason, failure) => {
            let (status, attempt) = (retry.status, attempts.saturating_add(1));
            if failure == FailureKind::KeyRefused {
                tracing::error!(
                    %provider, id, r#type = kind, traceparent, status, attempt, delay_seconds,
                    "API key refused; events wait until it is replaced"
                );
                counter!("KeyRefused", "provider" => provider.as_str()).increment(1);
            } else {
                tracing::warn!(
                    %provider, id, r#type = kind, traceparent, %reason, status, attempt, delay_seconds,
                    "retry scheduled"
                );
            }
            count_callback(provider, "retry_scheduled", millis(event.began.elapsed()));
        }
        RetryReason::Held => {
            // Only the first hold is logged: a backlog of thousands is held every few minutes.
            if envelope.holds == 0 {
                tracing::info!(
                    %provider, id, r#type = kind, traceparent, attempt = attempts, delay_seconds,
                    "held: provider down"
                );
            }
            counter!("Held", "provider" => provider.as_str()).increment(1);
        }
        RetryReason::RateLimit => {
            tracing::info!(
                %provider, id, r#type = kind, traceparent, attempt = attempts, delay_seconds,
                "deferred: rate limit"
            );
        }
    }
}

/// How long an event that was requeued is on its way already. Each copy of it is a new message, so the
/// queue knows only how long the last one waits.
pub(crate) fn waiting(received: OffsetDateTime, now: OffsetDateTime) {
    histogram!("WaitingAge").record(age_ms(received, now) as f64);
}

/// A fault of our own secret: no call is made.
pub(crate) fn key_not_usable(profile: &Profile) {
    let (provider, api) = (profile.provider, &profile.api);
    let (variable, secret_id_variable) = (api.secret.variable, api.secret_id_variable);
    tracing::error!(
        %provider, variable, secret_id_variable,
        "the API key is empty, malformed, or holds a character that cannot be sent, so no call is made; store it again"
    );
    counter!("KeyRefused", "provider" => provider.as_str()).increment(1);
}

pub(crate) fn released(provider: Provider) {
    tracing::info!(%provider, "API key replaced; the events that waited are due now");
}

/// The circuit breaker of a provider opened, or a probe failed.
pub(crate) fn opened(provider: Provider, reason: &'static str, pause: Duration) {
    let delay_seconds = pause.as_secs();
    tracing::warn!(%provider, reason, delay_seconds, "circuit breaker open; holding events");
    transition(provider, "opened");
}

pub(crate) fn half_open(provider: Provider) {
    tracing::info!(%provider, "circuit breaker half-open; probing");
    transition(provider, "half_open");
}

pub(crate) fn closed(provider: Provider, open: Duration) {
    let duration_ms = millis(open);
    tracing::info!(%provider, duration_ms, "circuit breaker closed");
    transition(provider, "closed");
}

fn transition(provider: Provider, state: &'static str) {
    counter!("Breaker", "provider" => provider.as_str(), "state" => state).increment(1);
}

pub(crate) fn delivered(event: &CertificateEvent, now: OffsetDateTime) {
    let provider = event.data.provider;
    let CertificateEvent { id, kind, subject, traceparent, .. } = event;
    let age_ms = age_ms(event.receivedtime, now);
    let outcome = event.data.callback.outcome;
    tracing::info!(
        %provider, id, r#type = kind, subject, traceparent, %outcome, age_ms, "delivered"
    );
    counter!("Delivered", "provider" => provider.as_str(), "outcome" => outcome.as_str())
        .increment(1);
    histogram!("Age", "provider" => provider.as_str()).record(age_ms as f64);
}

pub(crate) fn synthetic_arrived(event: &Event<'_>, now: OffsetDateTime) {
    let (provider, envelope) = (event.interpretation.provider, event.envelope);
    let Envelope { id, kind, traceparent, .. } = envelope;
    let age_ms = age_ms(envelope.receivedtime, now);
    tracing::info!(%provider, id, r#type = kind, traceparent, age_ms, "synthetic event arrived");
    histogram!("CanaryLatency", "provider" => provider.as_str()).record(age_ms as f64);
}

/// The time since the last synthetic event arrived.
pub(crate) fn canary_age(age: time::Duration) {
    histogram!("CanaryAge").record(age.whole_milliseconds() as f64);
}

pub(crate) fn stale(event: &CertificateEvent) {
    let provider = event.data.provider;
    let CertificateEvent { id, kind, subject, traceparent, .. } = event;
    tracing::info!(
        %provider, id, r#type = kind, subject, traceparent,
        "stale: older than the state of its certificate"
    );
    counter!("Stale", "provider" => provider.as_str()).increment(1);
}

pub(crate) fn duplicate(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    tracing::info!(%provider, id, r#type = kind, traceparent, "delivered before; acknowledged");
    counter!("Duplicates", "provider" => provider.as_str()).increment(1);
}

/// A worker of an older version met it.
pub(crate) fn newer_version(provider: Provider, id: &str, kind: &str, dataschema: &str) {
    tracing::warn!(
        %provider, id, r#type = kind, dataschema,
        "sent back unread: the envelope is of a newer version than this worker"
    );
}

/// A repeat came with another certificate than was delivered. It has an id of its own.
pub(crate) fn conflict(event: &Event<'_>, is_delivered: bool) {
    let provider = event.interpretation.provider;
    let Envelope { kind, traceparent, secretstage, sourceaddress, causationid, .. } =
        &event.redacted.envelope;
    let sourceaddress = sourceaddress.map(|address| address.to_string());
    tracing::error!(
        %provider, id = event.id(), r#type = kind, traceparent, causationid, secretstage,
        sourceaddress, delivered = is_delivered,
        "conflict: a repeat came with another certificate than was delivered"
    );
    counter!("Conflicts", "provider" => provider.as_str()).increment(1);
}

/// The command shows the token.
pub(crate) fn challenge_stored(
    provider: Provider,
    envelope: &Envelope,
    expires: OffsetDateTime,
    command: &str,
) {
    let Envelope { id, kind, .. } = envelope;
    let (expires, command) = (rfc3339(expires), format!("certhooks {command} challenge"));
    tracing::warn!(
        %provider,
        id,
        r#type = kind,
        expires,
        command,
        "challenge stored"
    );
}

/// The command activates the webhook.
pub(crate) fn challenge_completed(provider: Provider, envelope: &Envelope, command: &str) {
    let Envelope { id, kind, .. } = envelope;
    let command = format!("certhooks {command} activate");
    tracing::info!(
        %provider,
        id,
        r#type = kind,
        command,
        "challenge completed"
    );
}

pub(crate) fn challenge_not_completed(provider: Provider, envelope: &Envelope, error: &str) {
    let Envelope { id, kind, .. } = envelope;
    tracing::warn!(
        %provider,
        id,
        r#type = kind,
        error,
        "challenge not completed"
    );
}

/// The used token stays in the ledger until it expires.
pub(crate) fn used_token_not_deleted(provider: Provider, webhook_id: &str, error: &PortError) {
    tracing::warn!(%provider, webhook_id, %error, "used challenge token not deleted");
}

pub(crate) fn challenge_expired(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, .. } = envelope;
    tracing::info!(%provider, id, r#type = kind, "challenge expired");
}

fn count_callback(provider: Provider, outcome: &'static str, duration_ms: u64) {
    counter!("Callback", "provider" => provider.as_str(), "outcome" => outcome).increment(1);
    histogram!("CallbackDuration", "provider" => provider.as_str()).record(duration_ms as f64);
}

fn age_ms(received: OffsetDateTime, now: OffsetDateTime) -> u64 {
    u64::try_from((now - received).whole_milliseconds()).unwrap_or(0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
