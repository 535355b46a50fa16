//! Each bad input ends with one clear line and its exit status, and changes nothing.

use std::net::TcpListener;
use std::time::Duration;

use simulator::{Fault, Rule};

use super::stage::{Stage, VIEW_ONLY};

const URL: &str = "https://hooks.example.com/webhooks/digicert";

/// Invalid input is refused before anything is sent.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_not_sent() {
    let stage = Stage::new().await;
    let short = stage.file("short", "0123456789012345678901234567890");
    let umlauts = stage.file("umlauts", &"ä".repeat(32));
    for (arguments, expected) in [
        (&["create", "--endpoint", "http://hooks.example.com/x"][..], "must begin with https://"),
        (&["create", "--endpoint", "hooks.example.com"], "not a valid URL"),
        (&["create", "--endpoint", "https://me:pw@hooks.example.com"], "user name or password"),
        (&["create", "--endpoint", URL, "--secret-file", &short], "shorter than 32 characters"),
        (&["create", "--endpoint", URL, "--secret-file", &umlauts], "no header can carry"),
        (
            &["create", "--endpoint", URL, "--event", "certificate_isued"],
            "did you mean certificate_issued? (use --allow-unknown-event",
        ),
        (&["create", "--endpoint", URL, "--event", "Certificate Issued"], "not an event name"),
        (&["create", "--endpoint", URL, "--event", ""], "not an event name"),
        (&["create", "--endpoint", URL, "--frequency", "45"], "90, 60, 30, 7, 0, -7"),
        (&["create", "--endpoint", URL, "--frequency", "90,45"], "--frequency 45"),
        (&["create", "--endpoint", URL, "--frequency", "often"], "--frequency often"),
        (&["update", "--endpoint", "http://192.0.2.1/x"], "must begin with https://"),
        (&["update", "--frequency", "45"], "--frequency 45"),
        (&["update"], "nothing to change"),
        (&["test", "--endpoint", "ftp://x.example"], "must begin with https://"),
        (&["subscribe", "--endpoint", "http://hooks.example.com"], "must begin with https://"),
        (&["subscribe", "--endpoint", URL, "--event", "domain_valid"], "mean domain_validated?"),
        (&["verify", " "], "TOKEN: must not be empty"),
        (&["list", "--base", "http://certcentral.example.com"], "--base: must be https"),
        (&["list", "--base", "certcentral"], "--base: is not a URL"),
    ] {
        stage.webhook(arguments).refused(2, expected);
    }
    let line_break = [("DIGICERT_API_KEY", "a\nb")];
    stage.webhook_with(&line_break, &["list"]).refused(1, "a header cannot carry");
    for arguments in [
        &["create"][..],
        &["subscribe"],
        &["list", "--eu", "--base", "https://x.example"],
        &["rotate", "--compromised", "--roll-back"],
        &["create", "--endpoint", URL, "--chain", "maybe"],
        &["logs", "--code", "many"],
        &["logs", "--since", "yesterday"],
    ] {
        assert_eq!(stage.webhook(arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(stage.calls(), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_is_sent_when_allowed() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let arguments =
        ["create", "--endpoint", &url, "--event", "order_aproved", "--allow-unknown-event"];
    let ended = stage.webhook(&arguments);
    // The simulated CertCentral does not know the event either, and refuses it.
    assert_eq!(ended.code, 1, "{ended:?}");
    let lines: Vec<&str> = ended.err.lines().collect();
    assert!(lines[0].contains("warning: --event order_aproved: not a known event"), "{lines:?}");
    assert!(lines[1].contains("order_aproved is not an event"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_without_permission() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let wrong = [("DIGICERT_API_KEY", "canary-wrong-api-key")];
    let view_only = [("DIGICERT_API_KEY", VIEW_ONLY)];
    let subscribe = ["subscribe", "--endpoint", &url];
    let create = ["create", "--endpoint", &url];
    for arguments in [&["list"][..], &create, &subscribe] {
        let ended = stage.webhook_with(&wrong, arguments);
        ended.refused(1, "code access_denied|access_denied_invalid_key): use a valid one");
        assert!(!ended.err.contains("canary-wrong"), "{ended:?}");
    }
    for arguments in [create.as_slice(), &subscribe] {
        stage.webhook_with(&view_only, arguments).refused(1, "missing_permission");
    }
    stage.webhook_with(&view_only, &["list"]).refused(3, "no webhook");
    stage.webhook(&["list"]).refused(3, "no webhook");

    stage.done(&subscribe);
    let (before, secrets) = (stage.remote_webhook().await, stage.secrets());
    for arguments in
        [&["rotate"][..], &["update", "--chain", "off"], &["deactivate"], &["delete"], &["test"]]
    {
        stage.webhook_with(&view_only, arguments).ended_badly(1, "missing_permission");
        stage.webhook_with(&wrong, arguments).refused(1, "access_denied_invalid_key");
    }
    assert_eq!(
        (stage.remote_webhook().await, stage.secrets()),
        (before, secrets),
        "nothing was changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_exists_and_one_that_does_not() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    for command in
        ["update", "activate", "deactivate", "delete", "test", "logs", "verify", "rotate"]
    {
        let change = ["update", "--chain", "on"];
        let arguments = if command == "update" { &change[..] } else { &[command] };
        stage.webhook(arguments).refused(3, "webhook_invalid_account");
    }
    stage.done(&["create", "--endpoint", &url]);
    stage.webhook(&["create", "--endpoint", &url]).refused(1, "change it with `update`");
    stage.webhook(&["verify"]).refused(3, "no token is waiting for webhook 12345");
    assert_eq!(stage.changes(), ["POST webhook", "POST webhook"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expired() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["create", "--endpoint", &local.url("/webhooks/digicert"), "--secret-from-state"]);
    stage.done(&["challenge", "--send"]);
    stage.simulator.advance_clock(Duration::from_secs(31 * 60));
    stage.webhook(&["verify"]).refused(1, "code webhook_invalid_token): request a new one");
    assert_eq!(stage.remote_webhook().await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_answer() {
    let stage = Stage::new().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhooks/digicert", nobody.local_addr().unwrap());
    drop(nobody);
    for arguments in [["create", "--endpoint", &url], ["test", "--endpoint", &url]] {
        stage
            .webhook(&arguments)
            .refused(1, "code webhook_endpoint_error): check that it is running");
    }
    stage.webhook(&["list"]).refused(3, "no webhook");
}

/// Answers that are not from the API, or incomplete.
#[tokio::test(flavor = "multi_thread")]
async fn unusable_answers() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    stage.done(&["subscribe", "--endpoint", &url]);
    let before = stage.remote_webhook().await;
    for (fault, expected) in [
        (Fault::Html, "an HTML page (status 200)"),
        (Fault::Empty, "the answer (status 200) cannot be parsed"),
        (Fault::Reset, "no complete answer"),
        (Fault::CutOff, "no complete answer"),
        (Fault::Redirect { location: "http://127.0.0.1:1/".into() }, "redirect (status 302)"),
        (Fault::ServerError { status: Some(500) }, "CertCentral failed (status 500)"),
        (Fault::ServerError { status: Some(502) }, "CertCentral failed (status 502)"),
        (Fault::RateLimited { retry_after: None, status: None }, "wait some minutes"),
    ] {
        for command in ["list", "test", "deactivate", "logs", "rotate"] {
            stage.simulator.faults().set(vec![Rule::new("/services/v2/webhook", fault.clone())]);
            let ended = stage.webhook(&[command]);
            ended.refused(1, expected);
            let ended = stage.webhook(&[command, "--json"]);
            assert!(ended.err.starts_with("{\"code\":"), "{ended:?}");
            stage.simulator.faults().clear();
        }
    }
    assert_eq!(stage.remote_webhook().await, before, "nothing was changed");
    assert!(!stage.secrets().contains_key("digicert_webhook_key_pending"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_network() {
    let stage = Stage::new().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/services/v2", nobody.local_addr().unwrap());
    drop(nobody);
    for arguments in [
        &["list"][..],
        &["create", "--endpoint", URL],
        &["verify", "t"],
        &["rotate"],
        &["challenge", "--send", "--wait", "0"],
    ] {
        let ended = stage.webhook(&[arguments, &["--base", &base]].concat());
        ended.refused(1, "no connection (");
        assert!(ended.err.contains(&base), "{ended:?}");
    }
    let nowhere = ["list", "--base", "https://certcentral.invalid/services/v2"];
    stage.webhook(&nowhere).refused(1, "no connection (");
    assert!(!stage.secrets().contains_key("digicert_webhook_key_pending"));
}
