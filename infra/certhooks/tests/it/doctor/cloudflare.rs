use serde_json::json;
use simulator::{CloudflareEvent, Fault, Rule};

use super::{LOOPBACK, Subscribed};
use crate::scene::{ACCOUNT, Scene};

const ONLY: [&str; 2] = ["--provider", "cloudflare"];

fn listed(scene: &Scene, what: &str) -> String {
    let all = scene.lines(&["cloudflare", what, "list"]);
    all[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_is_fixed_by_the_command_that_it_names() {
    let scene = Scene::new().await;
    let local = scene.local();
    let base = local.url("/");
    let arguments = [&ONLY[..], &["--endpoint", &base]].concat();
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect(
        "cloudflare",
        "destination",
        "error",
        "has the URL of this installation",
    ));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    scene.run(&["cloudflare", "policy", "delete", &listed(&scene, "policy")]).done();
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect("cloudflare", "policy", "error", "no policy sends the alert"));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    let policy = listed(&scene, "policy");
    let v3 = format!("{}/accounts/{ACCOUNT}/alerting/v3", scene.simulator.cloudflare_base());
    let off = reqwest::Client::new()
        .put(format!("{v3}/policies/{policy}"))
        .bearer_auth("canary-cloudflare-api-token")
        .body(json!({ "enabled": false }).to_string());
    assert_eq!(off.send().await.unwrap().status(), 200);
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect("cloudflare", "policy", "error", "is switched off"));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);

    let url = local.url("/webhooks/cloudflare");
    scene.run(&["cloudflare", "destination", "create", "--endpoint", &url]).done();
    let diagnosis = scene.doctor(&arguments);
    scene.fix(diagnosis.expect("cloudflare", "destination", "warning", "2 have this URL"));
    assert_eq!(scene.doctor(&arguments).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_deliveries_and_an_interrupted_rotation() {
    let subscribed = Subscribed::new().await;
    let Subscribed { scene, local } = subscribed;
    let address = local.address.clone();
    let state = local.kill();
    let event = CloudflareEvent::new(ACCOUNT, "issuance.succeeded");
    scene.simulator.send_cloudflare_event(event).await.unwrap();
    let diagnosis = scene.doctor(&ONLY);
    let finding =
        diagnosis.expect("cloudflare", "deliveries", "error", "the last one failed, at 20");
    diagnosis.expect("cloudflare", "answer", "error", "no connection");
    let _local = crate::harness::Local::start_at(state, &address);
    scene.fix(finding);
    assert_eq!(scene.doctor(&ONLY).not_ok(), LOOPBACK);

    scene.store(&[("cloudflare_webhook_auth_pending", Some("canary-pending-auth"))]);
    let diagnosis = scene.doctor(&ONLY);
    scene.fix(diagnosis.expect("cloudflare", "secret", "warning", "interrupted"));
    assert_eq!(scene.doctor(&ONLY).not_ok(), LOOPBACK);
}

/// It is used until it is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_can_be_guessed_is_replaced_by_the_fix() {
    let scene = Scene::new().await;
    scene.store(&[("cloudflare_webhook_auth", Some("canary-short"))]);
    let local = scene.local();
    let url = local.url("/webhooks/cloudflare");
    scene.run(&["cloudflare", "subscribe", "--endpoint", &url]).done();
    let diagnosis = scene.doctor(&ONLY);
    let text = "fewer than 16 characters";
    scene.fix(diagnosis.expect("cloudflare", "secret-length", "warning", text));
    assert_eq!(scene.doctor(&ONLY).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tokens_and_unusable_answers() {
    let subscribed = Subscribed::new().await;
    let base = subscribed.local.url("/");
    let arguments = [&ONLY[..], &["--endpoint", &base]].concat();
    let diagnosis = subscribed.doctor_with(&[("CLOUDFLARE_ACCOUNT_ID", "")], &arguments);
    diagnosis.expect("cloudflare", "api-token", "warning", "no account id");
    diagnosis.expect("cloudflare", "answer", "ok", "200");
    let diagnosis = subscribed.doctor_with(&[("CLOUDFLARE_API_TOKEN", "")], &arguments);
    diagnosis.expect(
        "cloudflare",
        "api-token",
        "error",
        "has the API token: call-backs are disabled",
    );
    let diagnosis = subscribed.doctor_with(&[("CLOUDFLARE_API_TOKEN", "canary-wrong")], &arguments);
    diagnosis.expect("cloudflare", "api-token", "error", "refuses the API token");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::RateLimited { retry_after: None, status: None }, "api", "too many requests"),
        (Fault::MissingPermission, "api-token", "code 9109"),
        (Fault::Reset, "api", "no complete answer"),
    ] {
        subscribed.simulator.faults().set([Rule::new("/client/v4/", fault)]);
        subscribed.doctor(&arguments).expect("cloudflare", check, "error", expected);
    }
    subscribed.simulator.faults().clear();
    // The secret cannot be compared, so the answer of the webhook endpoint shows the difference.
    let other = [("CLOUDFLARE_WEBHOOK_AUTH", "canary-other-auth")];
    let diagnosis = subscribed.doctor_with(&other, &arguments);
    diagnosis.expect("cloudflare", "answer", "error", "401");
}
