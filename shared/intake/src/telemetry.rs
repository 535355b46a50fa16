//! One log line and one count for each decision: never a body, never a header.

use std::net::IpAddr;

use envelope::{Envelope, Provider};
use metrics::counter;
use ports::PortError;
use providers::receiver::Event;

use crate::answer::Cause;
use crate::secrets::Stage;

pub(crate) fn accepted(provider: Provider, events: &[Event]) {
    for Envelope { id, kind, traceparent, .. } in events.iter().map(|event| &event.envelope) {
        tracing::info!(%provider, id, r#type = kind, traceparent, "accepted");
    }
    if events.is_empty() {
        tracing::info!(%provider, "accepted: a test message, no event in it");
    }
    let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
    counter!("Accepted", "provider" => provider.as_str()).increment(count);
}

pub(crate) fn canary(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    tracing::info!(%provider, id, r#type = kind, traceparent, "a canary is on its way");
}

pub(crate) fn handshake(provider: Provider) {
    tracing::info!(%provider, "accepted: the subscription handshake");
}

pub(crate) fn refused(provider: Provider, cause: &Cause, source: Option<IpAddr>) {
    let source = source.map(|address| address.to_string());
    let reason = cause.word();
    match cause {
        Cause::Document(refusal) => {
            tracing::warn!(%provider, reason, source, "refused: {refusal}");
        }
        Cause::TooLarge(what) => tracing::warn!(%provider, reason, source, "refused: {what}"),
        _ => tracing::warn!(%provider, reason, source, "refused"),
    }
    counter!("Refused", "provider" => provider.as_str(), "reason" => reason).increment(1);
}

/// Says why our side could not do it; the refusal itself is recorded as any other.
pub(crate) fn trouble(provider: Provider, error: &PortError) {
    tracing::error!(%provider, "{error}");
}

pub(crate) fn verified(provider: Provider, stage: Stage) {
    if stage != Stage::Current {
        tracing::info!(%provider, stage = stage.word(), "verified with another secret than the current one");
        counter!("OtherThanCurrentSecret", "provider" => provider.as_str()).increment(1);
    }
}
