use reqwest::Client;
use serde_json::json;
use simulator::{DigicertEvent, Fault, Rule};
use std::net::TcpListener;

use super::reachability::serve;
use super::{LOOPBACK, Subscribed};
use crate::scene::{Scene, VIEW_ONLY_KEY};

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// Changes the webhook as an operator can in CertCentral's console.
async fn put(scene: &Scene, body: serde_json::Value) {
    let url = format!("{}/webhook/12345", scene.simulator.digicert_base());
    let put = Client::new().put(url).header("X-DC-DEVKEY", "canary-digicert-api-key");
    assert_eq!(put.body(body.to_string()).send().await.unwrap().status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_is_fixed_by_the_command_that_it_names() {
    let subscribed = Subscribed::new().await;
    let endpoint = subscribed.local.url("/webhooks/digicert");
    let webhook = |words: &[&str]| {
        subscribed.run(&[&["digicert", "webhook"], words].concat()).done();
    };
    let mut cases: Vec<(&str, &str, &str)> = Vec::new();
    cases.push(("instant-issue", "error", "send no event"));
    webhook(&["update", "--instant-issue", "off"]);
    cases.push(("chain", "warning", "is not in certificate_issued"));
    webhook(&["update", "--chain", "off"]);
    cases.push(("status", "error", "inactive"));
    webhook(&["deactivate"]);
    cases.push(("events", "error", "certificate_revoked, order_rejected"));
    webhook(&["update", "--event", "certificate_issued"]);
    for (check, level, text) in cases {
        let diagnosis = subscribed.doctor(&ONLY);
        subscribed.fix(diagnosis.expect("digicert", check, level, text));
        subscribed.doctor(&ONLY).expect("digicert", check, "ok", "");
    }
    webhook(&["update", "--event", "certificate_issued,certificate_revoked,order_rejected"]);
    subscribed.doctor(&ONLY).expect("digicert", "events", "warning", "domain_expired");
    put(&subscribed, json!({ "endpoint": endpoint, "secret": "" })).await;
    let diagnosis = subscribed.doctor(&ONLY);
    diagnosis.expect("digicert", "test", "ok", "");
    subscribed.fix(diagnosis.expect("digicert", "key", "error", "sends no key"));
    subscribed.fix(subscribed.doctor(&ONLY).only("digicert", "events"));
    assert_eq!(subscribed.doctor(&ONLY).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_webhook_endpoint_does_not_know() {
    let subscribed = Subscribed::new().await;
    let endpoint = subscribed.local.url("/webhooks/digicert");
    let other = "canary-other-webhook-key-0123456789abcdef";
    // The simulator's probe comes without the key, so it accepts this change.
    put(&subscribed, json!({ "endpoint": endpoint, "secret": other })).await;
    subscribed
        .simulator
        .send_digicert_event(DigicertEvent::new("certificate_issued"))
        .await
        .unwrap();
    let diagnosis = subscribed.doctor(&ONLY);
    diagnosis.expect("digicert", "deliveries", "error", "certificate_issued at");
    diagnosis.expect("digicert", "deliveries", "error", "401 ×1");
    diagnosis.expect("digicert", "test", "error", "not answered 200");
    diagnosis.expect("digicert", "answer-to-key", "ok", "200");
    diagnosis.expect("digicert", "key", "error", "an unknown key");
    subscribed.fix(diagnosis.only("digicert", "deliveries"));
    let diagnosis = subscribed.doctor(&ONLY);
    diagnosis.expect("digicert", "key", "ok", "the current key");
    diagnosis.expect("digicert", "test", "ok", "");
    let failed = diagnosis.expect(
        "digicert",
        "deliveries",
        "warning",
        "401 ×1; the newest request succeeded",
    );
    assert!(subscribed.fix(failed).contains("401"));

    subscribed.store(&[("digicert_webhook_key_pending", Some(other))]);
    subscribed.doctor(&ONLY).expect("digicert", "key", "warning", "interrupted");
    put(&subscribed, json!({ "endpoint": endpoint, "secret": other })).await;
    let diagnosis = subscribed.doctor(&ONLY);
    subscribed.fix(diagnosis.expect("digicert", "key", "warning", "the pending key"));
    let diagnosis = subscribed.doctor(&ONLY);
    diagnosis.expect("digicert", "key", "ok", "");
    let previous = subscribed.secrets()["digicert_webhook_key_previous"].clone();
    put(&subscribed, json!({ "endpoint": endpoint, "secret": previous })).await;
    subscribed.fix(subscribed.doctor(&ONLY).expect("digicert", "key", "error", "the previous key"));
    subscribed.doctor(&ONLY).expect("digicert", "key", "ok", "");
}

/// Some of its proofs are there to be refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_no_failed_delivery() {
    let subscribed = Subscribed::new().await;
    subscribed.run(&["digicert", "webhook", "rotate", "--compromised"]).done();
    let logged = subscribed.run(&["digicert", "webhook", "logs", "--failed"]).done();
    assert!(logged.contains("401"), "{logged}");
    assert_eq!(subscribed.doctor(&ONLY).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_webhook_a_pending_one_and_one_of_another_installation() {
    let scene = Scene::new().await;
    let local = scene.local();
    let base = local.url("/");
    let arguments = [&ONLY[..], &["--endpoint", &base]].concat();
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect("digicert", "webhook", "error", "has none"));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    let other = Scene::new().await;
    let elsewhere = other.local();
    let url = elsewhere.url("/webhooks/digicert");
    put(&scene, json!({ "endpoint": url })).await;
    let diagnosis = scene.doctor(&arguments);
    let finding =
        diagnosis.expect("digicert", "endpoint", "error", &format!("it is {url}, not {base}"));
    diagnosis.expect("digicert", "status", "error", "pending");
    scene.fix(finding);
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    put(&scene, json!({ "endpoint": format!("{base}webhooks/digicert?again") })).await;
    scene.run(&["digicert", "webhook", "challenge", "--send"]).done();
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect("digicert", "status", "error", "its token is stored until 20"));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    let port = serve("200 OK\r\ncontent-length: 0\r\n\r\n");
    put(&scene, json!({ "endpoint": format!("http://127.0.0.1:{port}/hooks") })).await;
    scene.doctor(&ONLY).expect(
        "digicert",
        "endpoint",
        "warning",
        "does not end with /webhooks/digicert",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_keys_and_unusable_answers() {
    let subscribed = Subscribed::new().await;
    let base = subscribed.local.url("/");
    let arguments = [&ONLY[..], &["--endpoint", &base]].concat();
    let diagnosis = subscribed.doctor_with(&[("DIGICERT_API_KEY", VIEW_ONLY_KEY)], &arguments);
    diagnosis.expect("digicert", "rights", "warning", "may view webhooks but not manage them");
    assert!(diagnosis.all("digicert", "test").is_empty());
    assert_eq!(diagnosis.code, 0);
    let diagnosis = subscribed.doctor_with(&[("DIGICERT_API_KEY", "canary-wrong")], &arguments);
    diagnosis.expect("digicert", "api-key", "error", "does not know the API key");
    // The webhook endpoint is checked all the same.
    diagnosis.expect("digicert", "answer-to-key", "ok", "200");
    let diagnosis = subscribed.doctor_with(&[("DIGICERT_API_KEY", "")], &arguments);
    diagnosis.expect("digicert", "api-key", "error", "has the API key: call-backs are disabled");
    diagnosis.expect("digicert", "answer-to-key", "ok", "200");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/services/v2", silent.local_addr().unwrap());
    drop(silent);
    let diagnosis = subscribed.doctor_with(&[("DIGICERT_API_BASE", &nobody)], &arguments);
    diagnosis.expect("digicert", "api", "error", "no connection");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::Empty, "api", "cannot be parsed"),
        (Fault::ServerError { status: None }, "api", "failed (status 503)"),
        (Fault::MissingPermission, "rights", "has no permission for this"),
    ] {
        subscribed.simulator.faults().set([Rule::new("/services/v2/", fault)]);
        subscribed.doctor(&arguments).expect("digicert", check, "error", expected);
    }
    // What the commands say of an answer is more than a finding has room for.
    for (path, fault, check, expected) in [
        ("12345/event-logs", Fault::Html, "deliveries", "the event log cannot be read"),
        ("test-endpoint", Fault::ServerError { status: None }, "test", "sent no test event"),
    ] {
        let path = format!("/services/v2/webhook/{path}");
        subscribed.simulator.faults().set([Rule::new(&path, fault)]);
        let diagnosis = subscribed.doctor(&arguments);
        let finding = diagnosis.expect("digicert", check, "warning", expected);
        subscribed.simulator.faults().clear();
        subscribed.fix(finding);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_ranges() {
    let subscribed = Subscribed::new().await;
    for (allowlist, level, text) in [
        ("", "ok", "is not set"),
        ("216.168.240.0/20,127.0.0.1", "ok", "contains 216.168.240.0/20"),
        ("127.0.0.0/8", "error", "does not contain 216.168.240.0/20"),
        ("many", "error", "SOURCE_IP_ALLOWLIST: `many`"),
    ] {
        let diagnosis = subscribed.doctor_with(&[("SOURCE_IP_ALLOWLIST", allowlist)], &ONLY);
        diagnosis.expect("digicert", "source-range", level, text);
    }
    let both = subscribed.doctor_with(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20")], &[]);
    both.expect(
        "cloudflare",
        "source-range",
        "warning",
        "applies to the endpoint of cloudflare too",
    );

    // This webhook endpoint allows CertCentral's addresses only, so 403 is all that can be checked.
    let scene = Scene::new().await;
    let local = scene.local_with(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20")]);
    let diagnosis = scene.doctor(&["--provider", "digicert", "--endpoint", &local.url("/")]);
    diagnosis.expect("digicert", "answer", "warning", "403");
    diagnosis.expect("digicert", "answer-to-key", "warning", "this machine's");
}
