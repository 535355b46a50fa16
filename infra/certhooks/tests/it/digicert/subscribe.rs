use serde_json::json;
use simulator::{DigicertEvent, Outcome};

use super::stage::{FIRST_KEY, Stage, of, steps};

const ALL: [&str; 9] = [
    "certificate_issued",
    "certificate_revoked",
    "order_rejected",
    "organization_validated",
    "organization_expired",
    "organization_revalidation_notice",
    "domain_validated",
    "domain_expired",
    "domain_revalidation_notice",
];

#[tokio::test(flavor = "multi_thread")]
async fn all_steps_and_a_second_run() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let subscribe = ["subscribe", "--endpoint", &url, "--json"];
    let out = stage.done(&subscribe);
    assert_eq!(
        steps(&out),
        of([
            ("endpoint", "done"),
            ("webhook", "created"),
            ("challenge", "sent"),
            ("token", "arrived"),
            ("verify", "done"),
            ("activate", "done"),
            ("test", "done"),
        ])
    );
    let there = stage.remote_webhook().await;
    assert_eq!((&there["status"], &there["secret"]), (&json!("active"), &json!(FIRST_KEY)));
    assert_eq!(there["events"], json!(ALL));
    assert_eq!(
        there["webhook_settings"],
        json!({
            "instant_issue_webhook_notification": "1",
            "webhook_send_certificate_chain": "1",
            "webhook_send_instant_issued_certificate_chain": "1",
        })
    );

    // Events arrive, also for certificates that are issued instantly, each with its chain.
    let event = DigicertEvent::new("certificate_issued").instantly();
    let sent = stage.simulator.send_digicert_event(event).await.unwrap();
    assert_eq!(sent.outcome, Outcome::Answered { code: 200 });
    let delivered = &local.delivered(1)[0]["data"];
    assert_eq!(delivered["callback"]["outcome"], "downloaded");
    assert_eq!(delivered["checks"]["confirmed"]["code"], "ok", "it has its chain");

    let changes = stage.changes();
    let out = stage.done(&subscribe);
    let already = [
        ("webhook", "already"),
        ("challenge", "already"),
        ("activate", "already"),
        ("test", "done"),
    ];
    assert_eq!(steps(&out), of(already));
    assert_eq!(stage.changes(), changes, "running it again changes nothing");
    assert_eq!(stage.remote_webhook().await, there);
}

/// Steps that are already done, by any means, are skipped.
#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_already_be_done() {
    let done_before: [&[&[&str]]; 5] = [
        &[],
        &[&["challenge", "--send"]],
        &[&["challenge", "--send"], &["verify"]],
        &[&["challenge", "--send"], &["verify"], &["activate"]],
        &[&["challenge", "--send"], &["verify"], &["activate"], &["deactivate"]],
    ];
    let expected: [&[&str]; 5] = [
        &["send-challenge", "check-challenge", "activate"],
        &["check-challenge", "activate"],
        &["activate"],
        &[],
        &["activate"],
    ];
    for (before, expected) in done_before.into_iter().zip(expected) {
        let stage = Stage::new().await;
        let local = stage.start_local();
        let url = local.url("/webhooks/digicert");
        let events = ALL.join(",");
        stage.done(&[
            "create",
            "--endpoint",
            &url,
            "--secret-from-state",
            "--event",
            &events,
            "--chain",
            "on",
            "--instant-chain",
            "on",
            "--instant-issue",
            "on",
        ]);
        for command in before {
            stage.done(command);
        }
        let changes = stage.changes().len();
        stage.done(&["subscribe", "--endpoint", &url]);
        let made: Vec<_> = stage.changes().split_off(changes);
        let expected: Vec<_> =
            expected.iter().map(|call| format!("PUT webhook/ID/{call}")).collect();
        assert_eq!(made, expected, "{before:?}");
        assert_eq!(stage.remote_webhook().await["status"], "active");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_webhook_is_brought_up_to_date() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let (old, url) = (local.url("/webhooks/digicert?old"), local.url("/webhooks/digicert"));
    stage.done(&[
        "create",
        "--endpoint",
        &old,
        "--event",
        "order_approval_email_sent",
        "--frequency",
        "7",
    ]);
    let out = stage.done(&["subscribe", "--endpoint", &url, "--instant-issue", "off"]);
    let changed = format!("changed: endpoint (it was {old}), secret, 9 more events, ");
    assert!(out.contains(&changed), "{out}");
    let there = stage.remote_webhook().await;
    assert_eq!((&there["endpoint"], &there["secret"]), (&json!(url), &json!(FIRST_KEY)));
    assert_eq!(there["status"], "active");
    assert_eq!(there["events"][0], "order_approval_email_sent", "nothing is removed");
    assert_eq!(there["events"].as_array().unwrap().len(), 10);
    let settings = &there["webhook_settings"];
    assert_eq!(settings["webhook_notification_frequency"], json!([7]));
    assert_eq!(settings["instant_issue_webhook_notification"], "0");

    // Options replace the defaults.
    let out = stage.done(&["subscribe", "--endpoint", &url, "--event", "certificate_issued"]);
    assert!(out.contains("changed: instant_issue_webhook_notification\n"), "{out}");
    assert_eq!(stage.remote_webhook().await["events"], there["events"]);
}

/// An endpoint with another key would refuse every event, so nothing is changed at CertCentral.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_the_key_changes_nothing() {
    let stage = Stage::new().await;
    let local = stage.start_local_with(&[("DIGICERT_WEBHOOK_KEY", crate::harness::DIGICERT_KEY)]);
    let ended = stage.webhook(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    ended.refused(1, "code webhook_endpoint_error)");
    assert!(ended.err.ends_with("; nothing was changed\n"), "{ended:?}");
    assert!(!ended.err.contains("missing?"), "{ended:?}");
    let ended = stage.webhook(&["subscribe", "--endpoint", &local.url("")]);
    ended.refused(1, "is the path /webhooks/digicert missing?");
    stage.webhook(&["list"]).refused(3, "no webhook");
}

/// The endpoint works, but belongs to another installation.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_arrives_at_another_installation() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    let (_ours, local) = (stage.start_local(), other.start_local());
    let url = local.url("/webhooks/digicert");
    let ended = stage.webhook(&["subscribe", "--endpoint", &url, "--wait", "1"]);
    ended.ended_badly(1, "did not arrive within 1 s");
    assert!(ended.out.contains("challenge  sent"), "{ended:?}");
    assert_eq!(stage.remote_webhook().await["status"], "pending");
    // Run with the right folder, the command continues from there.
    let state = other.state.path().to_str().unwrap().to_owned();
    let file = stage.file("api-key", super::stage::API_KEY);
    let base = stage.simulator.digicert_base();
    let arguments = ["subscribe", "--endpoint", &url, "--api-key-file", &file, "--base", &base];
    assert!(std::path::Path::new(&state).exists());
    other.webhook(&arguments).done();
    assert_eq!(stage.remote_webhook().await["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_state_folder_there_is_no_key() {
    let stage = Stage::new().await;
    let url = "http://127.0.0.1:1/webhooks/digicert";
    let ended = stage.webhook(&["subscribe", "--endpoint", url]);
    ended.refused(1, stage.state.path().to_str().unwrap());
    assert_eq!(stage.calls(), [] as [String; 0]);
}
