//! One log line and one metric for each decision. No line contains a body, an address or a key.

use std::borrow::Cow;
use std::time::Duration;

use envelope::{
    Callback, CertificateEvent, CloudEvent, Envelope, EventType, Outcome, Provider, rfc3339,
};
use metrics::{counter, histogram};
use ports::PortError;
use providers::profile::Profile;
use serde::Deserialize;
use time::OffsetDateTime;
use tracing::field::display;

use crate::types::{Event, FailureKind, QueueMessage, Retry, RetryReason};

/// By what every line about a message names it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    provider: Option<&'a str>,
    id: Option<&'a str>,
    kind: Option<&'a str>,
    traceparent: Option<&'a str>,
    sqs_message_id: Option<&'a str>,
}

/// Logs a line about a message. The same fields in each, so that one search finds all of them.
macro_rules! log {
    ($level:ident, $subject:expr, $($rest:tt)+) => {{
        let Subject { provider, id, kind, traceparent, sqs_message_id } = $subject;
        tracing::$level!(
            provider, id, r#type = kind, traceparent, sqs_message_id, $($rest)+
        );
    }};
}

impl<'a> Subject<'a> {
    pub(crate) fn of<T>(
        event: &'a CloudEvent<T>,
        provider: Provider,
        message: &'a QueueMessage,
    ) -> Self {
        Self {
            provider: Some(provider.as_str()),
            id: Some(&event.id),
            kind: Some(&event.kind),
            traceparent: event.traceparent.as_deref(),
            sqs_message_id: message.id.as_deref(),
        }
    }
}

impl Event<'_> {
    fn subject(&self) -> Subject<'_> {
        Subject::of(self.envelope, self.interpretation.provider, self.message)
    }
}

/// The members of a body that name it, whatever else it is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    traceparent: Option<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    fn of(message: &'a QueueMessage) -> Self {
        serde_json::from_str(&message.body).unwrap_or_default()
    }

    fn subject(&'a self, message: &'a QueueMessage) -> Subject<'a> {
        Subject {
            provider: self.source.as_deref().and_then(|source| source.split('/').nth(1)),
            id: self.id.as_deref(),
            kind: self.kind.as_deref(),
            traceparent: self.traceparent.as_deref(),
            sqs_message_id: message.id.as_deref(),
        }
    }
}

/// The message stays on the queue, because of a fault of ours.
pub(crate) fn unacknowledged(message: &QueueMessage, error: &PortError) {
    let names = Names::of(message);
    log!(error, names.subject(message), %error, "leaving it for redelivery");
}

pub(crate) fn called_back(event: &Event<'_>, callback: &Callback) {
    let provider = event.interpretation.provider;
    let Callback { outcome, reason, attempts: attempt, status } = callback;
    if *attempt == 0 {
        // Nobody was called, which the line of the delivery says.
        return count_outcome(provider, outcome.as_str());
    }
    let duration_ms = millis(event.began.elapsed());
    let reason = reason.map(|reason| reason.as_str());
    log!(
        info, event.subject(), %outcome, reason, attempt, status, duration_ms, "called back"
    );
    count_callback(provider, outcome.as_str(), duration_ms);
}

pub(crate) fn claimed_elsewhere(event: &Event<'_>) {
    log!(warn, event.subject(), "claimed by another worker; requeued");
}

/// The certificates that were found are delivered, now or before, each with its own log line.
pub(crate) fn emitted(event: &Event<'_>, new: usize, known: usize, problems: &[String]) {
    let provider = event.interpretation.provider;
    let (outcome, attempt) = (Outcome::Queried.as_str(), event.envelope.attempts.saturating_add(1));
    let duration_ms = millis(event.began.elapsed());
    for problem in problems {
        log!(warn, event.subject(), problem, "search incomplete");
    }
    log!(info, event.subject(), outcome, attempt, new, known, duration_ms, "called back");
    count_callback(provider, outcome, duration_ms);
}

pub(crate) fn requeued(event: &Event<'_>, retry: &Retry) {
    let (provider, subject) = (event.interpretation.provider, event.subject());
    let Envelope { attempts: attempt, holds, .. } = *event.envelope;
    let delay_seconds = retry.delay.as_secs();
    match retry.reason {
        RetryReason::Deadline => {
            log!(info, subject, attempt, delay_seconds, "deferred: deadline");
        }
        RetryReason::Failure(reason, failure) => {
            let (status, attempt) = (retry.status, attempt.saturating_add(1));
            if failure == FailureKind::KeyRefused {
                log!(
                    error, subject, %reason, status, attempt, delay_seconds,
                    "API key refused; events wait until it is replaced"
                );
                counter!("KeyRefused", "provider" => provider.as_str()).increment(1);
            } else {
                log!(
                    warn, subject, %reason, status, attempt, delay_seconds, "retry scheduled"
                );
            }
            count_callback(provider, "retry_scheduled", millis(event.began.elapsed()));
        }
        RetryReason::Held => {
            // Only the first hold is logged: a backlog of thousands is held every few minutes.
            if holds == 0 {
                log!(info, subject, attempt, delay_seconds, "held: provider down");
            }
            counter!("Held", "provider" => provider.as_str()).increment(1);
        }
        RetryReason::RateLimit => {
            log!(info, subject, attempt, delay_seconds, "deferred: rate limit");
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

pub(crate) fn delivered(event: &CertificateEvent, message: &QueueMessage, now: OffsetDateTime) {
    let (provider, subject) = (event.data.provider, &event.subject);
    let age_ms = age_ms(event.receivedtime, now);
    let outcome = event.data.callback.outcome;
    let causationid = event.causationid.as_deref();
    log!(
        info, Subject::of(event, provider, message), causationid, subject, %outcome, age_ms, "delivered"
    );
    counter!("Delivered", "provider" => provider.as_str(), "outcome" => outcome.as_str())
        .increment(1);
    histogram!("Age", "provider" => provider.as_str()).record(age_ms as f64);
    if event.kind == EventType::CtCertificateUnexpected.as_str() {
        let subject_of = Subject::of(event, provider, message);
        log!(error, subject_of, subject, "a certificate was issued that nobody announced");
        counter!("UnexpectedCertificates", "provider" => provider.as_str()).increment(1);
    }
}

pub(crate) fn synthetic_arrived(event: &Event<'_>, now: OffsetDateTime) {
    let provider = event.interpretation.provider;
    let age_ms = age_ms(event.envelope.receivedtime, now);
    log!(info, event.subject(), age_ms, "synthetic event arrived");
    histogram!("CanaryLatency", "provider" => provider.as_str()).record(age_ms as f64);
}

/// The time since the last synthetic event arrived.
pub(crate) fn canary_age(age: time::Duration) {
    histogram!("CanaryAge").record(age.whole_milliseconds() as f64);
}

pub(crate) fn stale(event: &CertificateEvent, message: &QueueMessage) {
    let (provider, subject) = (event.data.provider, &event.subject);
    log!(
        info,
        Subject::of(event, provider, message),
        subject,
        "stale: older than the state of its certificate"
    );
    counter!("Stale", "provider" => provider.as_str()).increment(1);
}

pub(crate) fn duplicate(event: &Event<'_>) {
    let provider = event.interpretation.provider;
    log!(info, event.subject(), "delivered before; acknowledged");
    counter!("Duplicates", "provider" => provider.as_str()).increment(1);
}

/// A worker of an older version met it.
pub(crate) fn newer_version(message: &QueueMessage, dataschema: &str) {
    let names = Names::of(message);
    log!(
        warn,
        names.subject(message),
        dataschema,
        "sent back unread: the envelope is of a newer version than this worker"
    );
}

/// A repeat came with another certificate than was delivered. It has an id of its own.
pub(crate) fn conflict(event: &Event<'_>, is_delivered: bool) {
    let provider = event.interpretation.provider;
    let repeat = &event.redacted.envelope;
    let Envelope { secretstage: secret_stage, sourceaddress, causationid, .. } = repeat;
    let source_ip = sourceaddress.map(display);
    log!(
        error,
        Subject::of(repeat, provider, event.message),
        causationid,
        secret_stage,
        source_ip,
        delivered = is_delivered,
        "conflict: a repeat came with another certificate than was delivered"
    );
    counter!("Conflicts", "provider" => provider.as_str()).increment(1);
}

/// The command shows the token.
pub(crate) fn challenge_stored(subject: Subject<'_>, expires: OffsetDateTime, command: &str) {
    let (expires, command) = (rfc3339(expires), format!("certhooks {command} challenge"));
    log!(warn, subject, expires, command, "challenge stored");
}

/// The command activates the webhook.
pub(crate) fn challenge_completed(subject: Subject<'_>, command: &str) {
    let command = format!("certhooks {command} activate");
    log!(info, subject, command, "challenge completed");
}

pub(crate) fn challenge_not_completed(subject: Subject<'_>, error: &str) {
    log!(warn, subject, error, "challenge not completed");
}

/// The used token stays in the ledger until it expires.
pub(crate) fn used_token_not_deleted(provider: Provider, webhook_id: &str, error: &PortError) {
    tracing::warn!(%provider, webhook_id, %error, "used challenge token not deleted");
}

pub(crate) fn challenge_expired(subject: Subject<'_>) {
    log!(info, subject, "challenge expired");
}

fn count_outcome(provider: Provider, outcome: &'static str) {
    counter!("Callback", "provider" => provider.as_str(), "outcome" => outcome).increment(1);
}

fn count_callback(provider: Provider, outcome: &'static str, duration_ms: u64) {
    count_outcome(provider, outcome);
    histogram!("CallbackDuration", "provider" => provider.as_str()).record(duration_ms as f64);
}

fn age_ms(received: OffsetDateTime, now: OffsetDateTime) -> u64 {
    u64::try_from((now - received).whole_milliseconds()).unwrap_or(0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
