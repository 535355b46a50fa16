use anyhow::Context;
use data_encoding::HEXLOWER;
use envelope::Provider;
use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;

use crate::doctor::look::Look;
use crate::doctor::probe::{Taken, classify};
use crate::doctor::report::Finding;
use crate::meta::verify_token;
use crate::sign::Signer;

/// What a test of CertCentral's is, byte for byte; likewise below. None of them holds an event.
const DIGICERT_TEST: &str = r#"{"event":"test_webhook_endpoint"}"#;
const CLOUDFLARE_TEST: &str = r#"{"text":"Test message of certhooks doctor"}"#;
const META_TEST: &str = r#"{"object":"certificate_transparency","entry":[]}"#;

/// A door, asked as its provider would ask it.
pub(crate) async fn probe(look: &Look, provider: Provider, door: &Url) -> Vec<Finding> {
    let mut findings = Vec::new();
    if provider == Provider::Digicert {
        let request = look.prober.post(door, DIGICERT_TEST);
        let taken = Taken::of(request).await;
        findings.push(classify("answer", "test event without key", &taken, &look.log()));
        if matches!(taken, Taken::Silent(_)) {
            return findings;
        }
    }
    findings.push(signed(look, provider, door).await);
    if provider == Provider::Meta {
        findings.push(handshake(look, door).await);
    }
    findings
}

async fn signed(look: &Look, provider: Provider, door: &Url) -> Finding {
    let (check, probe, body) = match provider {
        Provider::Cloudflare => ("answer", "test message with our secret", CLOUDFLARE_TEST),
        Provider::Digicert => ("answer-to-key", "test event with our key", DIGICERT_TEST),
        Provider::Meta => ("answer", "empty batch with our signature", META_TEST),
    };
    let signer = match signer(look, provider).await {
        Ok(signer) => signer,
        Err(error) => {
            let detail = format!("no {probe} was sent: {error:#}");
            return Finding::warning(check, detail, look.secret_mend(provider));
        }
    };
    let (name, value) = signer.header(body.as_bytes());
    let request = look.prober.post(door, body).header(name, value);
    classify(check, probe, &Taken::of(request).await, &look.log())
}

async fn signer(look: &Look, provider: Provider) -> anyhow::Result<Signer> {
    let current = look.versions(provider).await?.current;
    Signer::with(provider, &current.context("the webhook secret has no value")?)
}

/// The verification request of a subscription.
async fn handshake(look: &Look, door: &Url) -> Finding {
    const CHECK: &str = "handshake";
    let stored = look.versions(Provider::Meta).await;
    let Some(token) = stored.ok().and_then(|versions| verify_token(&versions.current?)) else {
        let mend = look.secret_mend(Provider::Meta);
        return Finding::warning(CHECK, "there is no verify token to ask with", mend);
    };
    let challenge = challenge();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", token.expose_secret()),
    ];
    match Taken::of(look.prober.get(door).query(&query)).await {
        Taken::Answered { status: 200, text, .. } if text == challenge => {
            Finding::ok(CHECK, "the door gave the challenge back")
        }
        Taken::Answered { status, .. } => Finding::wrong(
            CHECK,
            format!("the door answered {status} instead of giving the challenge back"),
            "give the door this verify token: --state with its folder, or META_VERIFY_TOKEN",
        ),
        Taken::Silent(why) => Finding::wrong(CHECK, why, look.log()),
    }
}

/// Without random bytes any number will do: it is only to come back.
fn challenge() -> String {
    let mut bytes = [0; 8];
    let _ = SystemRandom::new().fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}
