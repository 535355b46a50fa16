use std::net::TcpListener;
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use simulator::{DigicertEvent, Fault, Rule};

use super::reach::serve;
use super::{LOOPBACK, Subscribed};
use crate::scene::{Scene, VIEW_ONLY_KEY};

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// What CertCentral's console can do too.
async fn put(scene: &Scene, body: serde_json::Value) {
    let url = format!("{}/webhook/12345", scene.simulator.digicert_base());
    let put = Client::new().put(url).header("X-DC-DEVKEY", "canary-digicert-api-key");
    assert_eq!(put.body(body.to_string()).send().await.unwrap().status(), 204);
}

/// Each is found, and the command that it names mends it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_there_is_mended_by_the_command() {
    let stage = Subscribed::new().await;
    let endpoint = stage.door.url("/webhooks/digicert");
    let webhook = |words: &[&str]| {
        stage.run(&[&["digicert", "webhook"], words].concat()).done();
    };
    let mut cases: Vec<(&str, &str, &str)> = Vec::new();
    cases.push(("instant-issue", "wrong", "off: no event comes"));
    webhook(&["update", "--instant-issue", "off"]);
    cases.push(("chain", "warning", "does not come with certificate_issued"));
    webhook(&["update", "--chain", "off"]);
    cases.push(("status", "wrong", "inactive"));
    webhook(&["deactivate"]);
    cases.push(("events", "wrong", "certificate_revoked, order_rejected"));
    webhook(&["update", "--event", "certificate_issued"]);
    for (check, level, text) in cases {
        let examined = stage.examine(&ONLY);
        stage.mend(examined.says("digicert", check, level, text));
        stage.examine(&ONLY).says("digicert", check, "ok", "");
    }
    webhook(&["update", "--event", "certificate_issued,certificate_revoked,order_rejected"]);
    stage.examine(&ONLY).says("digicert", "events", "warning", "domain_expired");
    put(&stage, json!({ "endpoint": endpoint, "secret": "" })).await;
    let examined = stage.examine(&ONLY);
    examined.says("digicert", "test", "ok", "");
    stage.mend(examined.says("digicert", "key", "wrong", "sends none"));
    stage.mend(stage.examine(&ONLY).the("digicert", "events"));
    assert_eq!(stage.examine(&ONLY).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_door_does_not_know() {
    let stage = Subscribed::new().await;
    let endpoint = stage.door.url("/webhooks/digicert");
    let other = "canary-other-webhook-key-0123456789abcdef";
    // The simulator's own probe comes without the key, so it takes this.
    put(&stage, json!({ "endpoint": endpoint, "secret": other })).await;
    stage.simulator.send_digicert_event(DigicertEvent::new("certificate_issued")).await.unwrap();
    let examined = stage.examine(&ONLY);
    examined.says("digicert", "deliveries", "wrong", "certificate_issued at");
    examined.says("digicert", "deliveries", "wrong", "401 ×1");
    examined.says("digicert", "test", "wrong", "not answered 200");
    examined.says("digicert", "answer-to-key", "ok", "200");
    stage.mend(examined.says("digicert", "key", "wrong", "not known here"));
    let examined = stage.examine(&ONLY);
    examined.says("digicert", "key", "ok", "current");
    examined.says("digicert", "test", "ok", "");
    examined.says("digicert", "deliveries", "warning", "failed: 401 ×2; the newest");

    stage.store(&[("digicert_webhook_key_pending", Some(other))]);
    stage.examine(&ONLY).says("digicert", "key", "warning", "stopped half way");
    put(&stage, json!({ "endpoint": endpoint, "secret": other })).await;
    let examined = stage.examine(&ONLY);
    stage.mend(examined.says("digicert", "key", "warning", "pending here"));
    let examined = stage.examine(&ONLY);
    examined.says("digicert", "key", "ok", "");
    let previous = stage.secrets()["digicert_webhook_key_previous"].clone();
    put(&stage, json!({ "endpoint": endpoint, "secret": previous })).await;
    stage.mend(stage.examine(&ONLY).says("digicert", "key", "wrong", "the previous key"));
    stage.examine(&ONLY).says("digicert", "key", "ok", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_webhook_one_that_waits_and_one_that_is_not_ours() {
    let scene = Scene::new().await;
    let door = scene.door();
    let base = door.url("/");
    let here = [&ONLY[..], &["--endpoint", &base]].concat();
    let examined = scene.examine(&here);
    scene.mend(examined.says("digicert", "webhook", "wrong", "has none"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    let other = Scene::new().await;
    let elsewhere = other.door();
    let url = elsewhere.url("/webhooks/digicert");
    put(&scene, json!({ "endpoint": url })).await;
    let examined = scene.examine(&here);
    let finding =
        examined.says("digicert", "endpoint", "wrong", &format!("it is {url}, not {base}"));
    examined.says("digicert", "status", "wrong", "pending");
    scene.mend(finding);
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    put(&scene, json!({ "endpoint": format!("{base}webhooks/digicert?again") })).await;
    scene.run(&["digicert", "webhook", "challenge", "--send"]).done();
    let examined = scene.examine(&here);
    scene.mend(examined.says("digicert", "status", "wrong", "a token waits here until 20"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    let port = serve("200 OK\r\ncontent-length: 0\r\n\r\n", Duration::ZERO);
    put(&scene, json!({ "endpoint": format!("http://127.0.0.1:{port}/hooks") })).await;
    scene.examine(&ONLY).says(
        "digicert",
        "endpoint",
        "warning",
        "does not end with /webhooks/digicert",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not_and_answers_that_are_none() {
    let stage = Subscribed::new().await;
    let base = stage.door.url("/");
    let here = [&ONLY[..], &["--endpoint", &base]].concat();
    let examined = stage.examine_with(&[("DIGICERT_API_KEY", VIEW_ONLY_KEY)], &here);
    examined.says("digicert", "rights", "warning", "may look at webhooks and not manage them");
    assert!(examined.all("digicert", "test").is_empty());
    assert_eq!(examined.code, 0);
    let examined = stage.examine_with(&[("DIGICERT_API_KEY", "canary-wrong")], &here);
    examined.says("digicert", "api-key", "wrong", "does not know the API key");
    // The door is looked at all the same.
    examined.says("digicert", "answer-to-key", "ok", "200");
    let examined = stage.examine_with(&[("DIGICERT_API_KEY", "")], &here);
    examined.says("digicert", "api-key", "warning", "no API key: set DIGICERT_API_KEY");
    examined.says("digicert", "answer-to-key", "ok", "200");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/services/v2", silent.local_addr().unwrap());
    drop(silent);
    let examined = stage.examine_with(&[("DIGICERT_API_BASE", &nobody)], &here);
    examined.says("digicert", "api", "wrong", "no connection");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::Empty, "api", "cannot be parsed"),
        (Fault::ServerError { status: None }, "api", "failed (status 503)"),
        (Fault::MissingPermission, "rights", "has no permission for this"),
    ] {
        stage.simulator.faults().set([Rule::new("/services/v2/", fault)]);
        stage.examine(&here).says("digicert", check, "wrong", expected);
    }
    let logs = Rule::new("/services/v2/webhook/12345/event-logs", Fault::Html);
    stage.simulator.faults().set([logs]);
    stage.examine(&here).says("digicert", "deliveries", "warning", "the event log cannot be read");
    let test = Rule::new("/services/v2/webhook/test-endpoint", Fault::ServerError { status: None });
    stage.simulator.faults().set([test]);
    stage.examine(&here).says("digicert", "test", "warning", "sent no test event");
}

#[tokio::test(flavor = "multi_thread")]
async fn source_ranges() {
    let stage = Subscribed::new().await;
    for (allowlist, level, text) in [
        ("", "ok", "not set here"),
        ("216.168.240.0/20,127.0.0.1", "ok", "holds 216.168.240.0/20"),
        ("127.0.0.0/8", "wrong", "does not hold 216.168.240.0/20"),
        ("many", "wrong", "SOURCE_IP_ALLOWLIST: `many`"),
    ] {
        let examined = stage.examine_with(&[("SOURCE_IP_ALLOWLIST", allowlist)], &ONLY);
        examined.says("digicert", "source-range", level, text);
    }
    let both = stage.examine_with(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20")], &[]);
    both.says("cloudflare", "source-range", "warning", "counts for Cloudflare's door too");

    // A door that lets nobody else in: that it answers is all that can be seen from here.
    let scene = Scene::new().await;
    let door = scene.door_with(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20")]);
    let examined = scene.examine(&["--provider", "digicert", "--endpoint", &door.url("/")]);
    examined.says("digicert", "answer", "warning", "403");
    examined.says("digicert", "answer-to-key", "warning", "this machine's");
}
