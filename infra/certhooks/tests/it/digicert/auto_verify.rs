//! `DIGICERT_AUTO_VERIFY`: the worker completes a challenge by itself.

use serde_json::Value;
use simulator::{Fault, Rule};

use super::stage::{Stage, VIEW_ONLY, of, steps};
use crate::harness::Local;

const ON: (&str, &str) = ("DIGICERT_AUTO_VERIFY", "true");

fn logged(local: &Local, message: &str) -> Vec<Value> {
    local.logged(1, |line| line["message"].as_str().is_some_and(|text| text.contains(message)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_completes_a_challenge() {
    let stage = Stage::new().await;
    let local = stage.start_local_with(&[ON]);
    stage.done(&["create", "--endpoint", &local.url("/webhooks/digicert"), "--secret-from-state"]);
    stage.done(&["challenge", "--send", "--wait", "0"]);
    logged(&local, "challenge completed");
    assert_eq!(stage.remote_webhook().await["status"], "inactive", "verified, to be activated");
    stage.webhook(&["challenge"]).refused(1, "no challenge is waiting");
    assert_eq!(stage.done(&["activate"]), "webhook 12345: active\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_works_with_it() {
    let stage = Stage::new().await;
    let local = stage.start_local_with(&[ON]);
    let url = local.url("/webhooks/digicert");
    let out = stage.done(&["subscribe", "--endpoint", &url, "--json"]);
    // Either the worker or the command may be the first to use the token.
    let steps = steps(&out);
    assert!(steps.ends_with(&of([("activate", "done"), ("test", "done")])), "{steps:?}");
    assert_eq!(stage.remote_webhook().await["status"], "active");
}

/// When the worker cannot complete a challenge, the token waits, and the log says why without the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_the_worker_cannot_complete_waits_for_the_operator() {
    for (variables, fault, why) in [
        (vec![ON, ("DIGICERT_API_KEY", VIEW_ONLY)], None, "missing_permission"),
        (vec![ON, ("DIGICERT_API_KEY", "wrong")], None, "access_denied_invalid_key"),
        (vec![ON], Some(Fault::Html), "HTML page"),
        (vec![ON], Some(Fault::Reset), "no complete answer"),
        (vec![], None, ""),
    ] {
        let stage = Stage::new().await;
        let local = stage.start_local_with(&variables);
        let url = local.url("/webhooks/digicert");
        stage.done(&["create", "--endpoint", &url, "--secret-from-state"]);
        let path = "/services/v2/webhook/12345/check-challenge";
        stage
            .simulator
            .faults()
            .set(fault.into_iter().map(|fault| Rule::new(path, fault)).collect::<Vec<_>>());
        let token = stage.webhook(&["challenge", "--send", "--json"]).json()["token"].clone();
        logged(&local, "challenge stored");
        let lines = local.log();
        let failures: Vec<_> =
            lines.iter().filter(|line| line.contains("challenge not completed")).collect();
        assert_eq!(failures.len(), usize::from(!why.is_empty()), "{failures:?}");
        assert!(failures.iter().all(|line| line.contains(why)), "{why}: {failures:?}");
        let token = token.as_str().unwrap();
        assert!(!lines.iter().any(|line| line.contains(token)), "the token is in the log");
        stage.simulator.faults().clear();
        assert_eq!(stage.remote_webhook().await["status"], "pending");
        stage.done(&["verify"]);
    }
}

/// A challenge of a webhook that does not exist, or that names no webhook.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_an_unknown_webhook() {
    use crate::wire::Request;

    let stage = Stage::new().await;
    let local =
        stage.start_local_with(&[ON, ("DIGICERT_WEBHOOK_KEY", crate::harness::DIGICERT_KEY)]);
    for (data, why) in [
        (r#"{"token":"canary-token","webhook_id":99}"#, "has no webhook 99"),
        (r#"{"token":"canary-token"}"#, "names no webhook"),
        (r#"{"token":"canary-token","webhook_id":"../x"}"#, "names no webhook"),
    ] {
        let body = format!(r#"{{"event":"challenge_webhook_endpoint","data":{data}}}"#);
        Request::digicert(body).send(&local).accepted_one();
        local.logged(1, |line| line["error"].as_str().is_some_and(|reason| reason.contains(why)));
    }
    assert!(!local.log().iter().any(|line| line.contains("canary-token")));
}
