use anyhow::Context as _;
use data_encoding::HEXLOWER;
use envelope::Provider;
use providers::profile::{self, SampleRequest};
use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;

use crate::doctor::context::Context;
use crate::doctor::probe::{ProbeResult, classify};
use crate::doctor::report::Finding;
use crate::meta::verify_token;
use crate::sign::Sender;

/// Sends requests to a webhook endpoint as its provider would. None of them holds an event.
pub(crate) async fn check(context: &Context, provider: Provider, endpoint: &Url) -> Vec<Finding> {
    let mut findings = Vec::new();
    if provider == Provider::DIGICERT {
        let request = context.prober.post(endpoint, profile::of(provider).samples.probe);
        let result = ProbeResult::of(request).await;
        findings.push(classify("answer", "test event without key", &result, &context.log_hint()));
        if matches!(result, ProbeResult::NoAnswer(_)) {
            return findings;
        }
    }
    findings.push(signed(context, provider, endpoint).await);
    if provider == Provider::META {
        findings.push(handshake(context, endpoint).await);
    }
    findings
}

async fn signed(context: &Context, provider: Provider, endpoint: &Url) -> Finding {
    let (check, probe) = match provider {
        Provider::CLOUDFLARE => ("answer", "test message with this installation's secret"),
        Provider::DIGICERT => ("answer-to-key", "test event with this installation's key"),
        Provider::META => ("answer", "empty batch with this installation's signature"),
    };
    let request = match signed_request(context, provider).await {
        Ok(request) => request,
        Err(error) => {
            let detail = format!("no {probe} was sent: {error:#}");
            return Finding::warning(check, detail, context.secret_fix(provider));
        }
    };
    let mut probed = context.prober.post(endpoint, profile::of(provider).samples.probe);
    for (name, value) in request.headers {
        probed = probed.header(name, value);
    }
    classify(check, probe, &ProbeResult::of(probed).await, &context.log_hint())
}

async fn signed_request(context: &Context, provider: Provider) -> anyhow::Result<SampleRequest> {
    let current = context.secret_versions(provider).await?.current;
    let sender = Sender::with(provider, current.context("the webhook secret has no value")?);
    sender.request(profile::of(provider).samples.probe.into())
}

/// Sends the verification request of a subscription.
async fn handshake(context: &Context, endpoint: &Url) -> Finding {
    const CHECK: &str = "handshake";
    let stored = context.secret_versions(Provider::META).await;
    let Some(token) = stored.ok().and_then(|versions| verify_token(&versions.current?)) else {
        let fix = context.secret_fix(Provider::META);
        return Finding::warning(CHECK, "no verify token is configured, so none was sent", fix);
    };
    let challenge = challenge();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", token.expose_secret()),
    ];
    match ProbeResult::of(context.prober.get(endpoint).query(&query)).await {
        ProbeResult::Answered { status: 200, text, .. } if text == challenge => {
            Finding::ok(CHECK, "the endpoint returned the challenge")
        }
        ProbeResult::Answered { status, .. } => Finding::error(
            CHECK,
            format!("the endpoint answered {status} instead of returning the challenge"),
            "use the verify token of that endpoint: --state with its folder, or META_VERIFY_TOKEN",
        ),
        ProbeResult::NoAnswer(reason) => Finding::error(CHECK, reason, context.log_hint()),
    }
}

/// It need not be secret, so zeros will do where the system has no random bytes.
fn challenge() -> String {
    let mut bytes = [0; 8];
    let _ = SystemRandom::new().fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}
