//! One log line and one metric for each decision. No line contains a body or a header. What strangers cause,
//! as often as they like, has a line for some of many; the metric counts all.

use std::net::IpAddr;

use boot::Sampler;
use envelope::{Envelope, Provider};
use metrics::counter;
use providers::receiver::Event;
use providers::request::WebhookRequest;
use tracing::field::display;

use crate::answer::Cause;
use crate::secrets::Stage;

pub(crate) fn accepted(provider: Provider, events: &[Event], request: &WebhookRequest) {
    let source_ip = request.source_ip.map(display);
    for Envelope { id, kind, traceparent, .. } in events.iter().map(|event| &event.envelope) {
        tracing::info!(%provider, id, r#type = kind, traceparent, source_ip, "accepted");
    }
    if events.is_empty() {
        let traceparent = &request.traceparent;
        tracing::info!(%provider, traceparent, source_ip, "accepted: test message without an event");
    }
    let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
    counter!("Accepted", "provider" => provider.as_str()).increment(count);
}

pub(crate) fn synthetic_sent(provider: Provider, envelope: &Envelope) {
    let Envelope { id, kind, traceparent, .. } = envelope;
    tracing::info!(%provider, id, r#type = kind, traceparent, "synthetic event sent");
}

pub(crate) fn handshake(provider: Provider, request: &WebhookRequest) {
    let (traceparent, source_ip) = (&request.traceparent, request.source_ip.map(display));
    tracing::info!(%provider, traceparent, source_ip, "accepted: subscription handshake");
}

static REFUSALS: Sampler<(Provider, &str)> = Sampler::new();

/// A failure on our side is an error; every other refusal is the sender's.
pub(crate) fn refused(
    provider: Provider,
    cause: &Cause,
    source_ip: Option<IpAddr>,
    traceparent: Option<&str>,
) {
    let reason = cause.reason().as_str();
    counter!("Refused", "provider" => provider.as_str(), "reason" => reason).increment(1);
    let source_ip = source_ip.map(display);
    let left_out = match cause {
        // No stranger causes these: they come after the verification.
        Cause::Document(_) | Cause::Queue(_) => None,
        _ => match REFUSALS.left_out((provider, reason)) {
            Some(left_out) => (left_out > 0).then_some(left_out),
            None => return,
        },
    };
    match cause {
        Cause::Document(error) => {
            tracing::warn!(%provider, reason, traceparent, source_ip, %error, "refused");
        }
        Cause::Queue(error) => {
            tracing::error!(%provider, reason, traceparent, source_ip, %error, "refused");
        }
        Cause::Secret(error) => {
            tracing::error!(
                %provider, reason, traceparent, source_ip, left_out, %error, "refused"
            );
        }
        Cause::TooLarge(error) => {
            tracing::warn!(%provider, reason, traceparent, source_ip, left_out, error, "refused");
        }
        _ => tracing::warn!(%provider, reason, traceparent, source_ip, left_out, "refused"),
    }
}

pub(crate) fn verified(provider: Provider, stage: Stage, request: &WebhookRequest) {
    if stage != Stage::Current {
        let (traceparent, source_ip) = (&request.traceparent, request.source_ip.map(display));
        tracing::info!(
            %provider, traceparent, source_ip, secret_stage = stage.as_str(),
            "verified with a non-current secret"
        );
        counter!("NonCurrentSecretUsed", "provider" => provider.as_str()).increment(1);
    }
}
