use anyhow::Context as _;
use data_encoding::HEXLOWER;
use envelope::Provider;
use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;

use crate::doctor::context::Context;
use crate::doctor::probe::{ProbeResult, classify};
use crate::doctor::report::Finding;
use crate::meta::verify_token;
use crate::sign::Signer;

/// CertCentral's test event, byte for byte.
const DIGICERT_TEST: &str = r#"{"event":"test_webhook_endpoint"}"#;
/// The form of Cloudflare's test message, which holds no event.
const CLOUDFLARE_TEST: &str = r#"{"text":"Test message of certhooks doctor"}"#;
/// A batch of Meta's without an event.
const META_TEST: &str = r#"{"object":"certificate_transparency","entry":[]}"#;

/// Sends requests to a webhook endpoint as its provider would. None of them holds an event.
pub(crate) async fn check(context: &Context, provider: Provider, endpoint: &Url) -> Vec<Finding> {
    let mut findings = Vec::new();
    if provider == Provider::Digicert {
        let request = context.prober.post(endpoint, DIGICERT_TEST);
        let result = ProbeResult::of(request).await;
        findings.push(classify("answer", "test event without key", &result, &context.log_hint()));
        if matches!(result, ProbeResult::NoAnswer(_)) {
            return findings;
        }
    }
    findings.push(signed(context, provider, endpoint).await);
    if provider == Provider::Meta {
        findings.push(handshake(context, endpoint).await);
    }
    findings
}

async fn signed(context: &Context, provider: Provider, endpoint: &Url) -> Finding {
    let (check, probe, body) = match provider {
        Provider::Cloudflare => {
            ("answer", "test message with this installation's secret", CLOUDFLARE_TEST)
        }
        Provider::Digicert => {
            ("answer-to-key", "test event with this installation's key", DIGICERT_TEST)
        }
        Provider::Meta => ("answer", "empty batch with this installation's signature", META_TEST),
    };
    let signer = match signer(context, provider).await {
        Ok(signer) => signer,
        Err(error) => {
            let detail = format!("no {probe} was sent: {error:#}");
            return Finding::warning(check, detail, context.secret_fix(provider));
        }
    };
    let (name, value) = signer.header(body.as_bytes());
    let request = context.prober.post(endpoint, body).header(name, value);
    classify(check, probe, &ProbeResult::of(request).await, &context.log_hint())
}

async fn signer(context: &Context, provider: Provider) -> anyhow::Result<Signer> {
    let current = context.secret_versions(provider).await?.current;
    Signer::with(provider, &current.context("the webhook secret has no value")?)
}

/// Sends the verification request of a subscription.
async fn handshake(context: &Context, endpoint: &Url) -> Finding {
    const CHECK: &str = "handshake";
    let stored = context.secret_versions(Provider::Meta).await;
    let Some(token) = stored.ok().and_then(|versions| verify_token(&versions.current?)) else {
        let fix = context.secret_fix(Provider::Meta);
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
