//! Every call that CertCentral documents, once each, in the order in which an operator needs them.

use serde_json::{Value, json};

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_call() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    stage.webhook(&["list"]).refused(3, "no webhook");
    stage.webhook(&["show"]).refused(3, "`create`");

    // The endpoint can be tested before the webhook is created.
    let out = stage.done(&["test", "--endpoint", &url, "--secret-from-state"]);
    assert_eq!(out, format!("{url} accepted the test event, which was sent with a key\n"));

    let out = stage.done(&["create", "--endpoint", &url, "--secret-from-state"]);
    assert!(out.starts_with("webhook 12345  pending"), "{out}");
    assert!(out.ends_with("next: certhooks digicert webhook challenge --send\n"), "{out}");
    assert_eq!(stage.done(&["list"]), format!("webhook 12345  pending   {url}\n"));
    stage.webhook(&["activate"]).refused(1, "webhook_invalid_action");

    // The token is sent to the endpoint, waits there, and is used from there or given as an argument.
    assert!(stage.done(&["challenge", "--send", "--wait", "0"]).contains("was sent"));
    let shown = stage.webhook(&["challenge", "--send", "--json"]).json();
    assert_eq!(shown["webhook_id"], "12345");
    let token = shown["token"].as_str().unwrap();
    let out = stage.done(&["challenge"]);
    assert!(out.contains(&format!("enter token {token} in CertCentral before ")), "{out}");
    let out = stage.webhook_fed(&[], &["verify", "-"], &format!("{token}\n")).done();
    assert_eq!(out, "webhook 12345: verified; next: certhooks digicert webhook activate\n");
    stage.webhook(&["verify", token]).refused(1, "webhook_invalid_token");

    assert_eq!(stage.done(&["activate"]), "webhook 12345: active\n");
    assert_eq!(stage.remote_webhook().await["status"], "active");
    assert_eq!(
        stage.webhook(&["deactivate", "--json"]).json(),
        json!({ "webhook_id": 12345, "outcome": "inactive" })
    );
    assert_eq!(stage.remote_webhook().await["status"], "inactive");
    assert_eq!(
        stage.done(&["test"]),
        format!("{url} accepted the test event, which was sent with a key\n")
    );
    assert!(stage.done(&["test", "--without-secret"]).contains("which was sent without a key"));

    let updated = stage.webhook(&["update", "--instant-issue", "on", "--json"]).json();
    assert_eq!(updated["webhook_settings"]["instant_issue_webhook_notification"], true);
    assert!(stage.done(&["logs"]).contains("challenge_webhook_endpoint"));
    assert_eq!(stage.done(&["delete"]), "webhook 12345: deleted\n");
    stage.webhook(&["list"]).refused(3, "no webhook");

    let calls = stage.calls();
    for call in [
        "GET webhook",
        "POST webhook",
        "PUT webhook/ID",
        "POST webhook/test-endpoint",
        "PUT webhook/ID/send-challenge",
        "PUT webhook/ID/check-challenge",
        "PUT webhook/ID/activate",
        "PUT webhook/ID/deactivate",
        "GET webhook/ID/event-logs",
        "DELETE webhook/ID",
    ] {
        assert!(calls.iter().any(|made| made == call), "{call} is not among {calls:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_a_webhook() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let events = "certificate_issued,order_rejected";
    let created = stage.webhook(&[
        "create",
        "--endpoint",
        &url,
        "--event",
        events,
        "--event",
        "domain_expired",
        "--frequency",
        "90,0",
        "--frequency",
        "-7",
        "--chain",
        "on",
        "--instant-chain",
        "off",
        "--json",
    ]);
    let expected = json!({
        "id": 12345,
        "endpoint": url,
        "status": "pending",
        "secret": false,
        "events": ["certificate_issued", "order_rejected", "domain_expired"],
        "webhook_settings": {
            "instant_issue_webhook_notification": null,
            "webhook_notification_frequency": [90, 0, -7],
            "webhook_send_certificate_chain": true,
            "webhook_send_instant_issued_certificate_chain": false,
        },
    });
    assert_eq!(created.json(), expected);
    assert_eq!(stage.webhook(&["show", "--json"]).json(), expected);
    assert_eq!(stage.webhook(&["list", "--json"]).json(), expected);
    assert_eq!(stage.webhook(&["show", "--json", "--webhook-id", "12345"]).json(), expected);
    stage.webhook(&["show", "--webhook-id", "9"]).refused(3, "not_found|webhook");
    stage.webhook(&["activate", "--webhook-id", "9"]).refused(1, "not_found|webhook");
    let shown = stage.done(&["show"]);
    for line in ["secret         none", "chain          on", "frequency      90, 0, -7"] {
        assert!(shown.contains(line), "{shown}");
    }
}

/// An error is one JSON object with `--json`.
#[tokio::test(flavor = "multi_thread")]
async fn errors_for_programs() {
    let stage = Stage::new().await;
    let ended = stage.webhook(&["show", "--json"]);
    ended.refused(3, "webhook_invalid_account");
    let error: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((&error["code"], &error["exit"]), (&json!("webhook_invalid_account"), &json!(3)));
    assert!(error["error"].as_str().unwrap().starts_with("the account has no webhook"));
}
