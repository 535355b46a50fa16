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
async fn what_is_wrong_there_is_mended_by_the_command() {
    let scene = Scene::new().await;
    let door = scene.door();
    let base = door.url("/");
    let here = [&ONLY[..], &["--endpoint", &base]].concat();
    let examined = scene.examine(&here);
    scene.mend(examined.says("cloudflare", "destination", "wrong", "is our door"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    scene.run(&["cloudflare", "policy", "delete", &listed(&scene, "policy")]).done();
    let examined = scene.examine(&here);
    scene.mend(examined.says("cloudflare", "policy", "wrong", "none sends the alert"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    let policy = listed(&scene, "policy");
    let v3 = format!("{}/accounts/{ACCOUNT}/alerting/v3", scene.simulator.cloudflare_base());
    let off = reqwest::Client::new()
        .put(format!("{v3}/policies/{policy}"))
        .bearer_auth("canary-cloudflare-api-token")
        .body(json!({ "enabled": false }).to_string());
    assert_eq!(off.send().await.unwrap().status(), 200);
    let examined = scene.examine(&here);
    scene.mend(examined.says("cloudflare", "policy", "wrong", "is switched off"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);

    let url = door.url("/webhooks/cloudflare");
    scene.run(&["cloudflare", "destination", "create", "--endpoint", &url]).done();
    let examined = scene.examine(&here);
    scene.mend(examined.says("cloudflare", "destination", "warning", "2 have this address"));
    assert_eq!(scene.examine(&here).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_were_not_taken_and_a_rotation_that_was_stopped() {
    let stage = Subscribed::new().await;
    let Subscribed { scene, door } = stage;
    let address = door.address.clone();
    let state = door.kill();
    let event = CloudflareEvent::new(ACCOUNT, "issuance.succeeded");
    scene.simulator.send_cloudflare_event(event).await.unwrap();
    let examined = scene.examine(&ONLY);
    let finding =
        examined.says("cloudflare", "deliveries", "wrong", "the last one was not taken, at 20");
    examined.says("cloudflare", "answer", "wrong", "no connection");
    let _door = crate::harness::Local::start_at(state, &address);
    scene.mend(finding);
    assert_eq!(scene.examine(&ONLY).not_ok(), LOOPBACK);

    scene.store(&[("cloudflare_webhook_auth_pending", Some("canary-pending-auth"))]);
    let examined = scene.examine(&ONLY);
    scene.mend(examined.says("cloudflare", "secret", "warning", "stopped half way"));
    assert_eq!(scene.examine(&ONLY).not_ok(), LOOPBACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_may_not_and_answers_that_are_none() {
    let stage = Subscribed::new().await;
    let base = stage.door.url("/");
    let here = [&ONLY[..], &["--endpoint", &base]].concat();
    let examined = stage.examine_with(&[("CLOUDFLARE_ACCOUNT_ID", "")], &here);
    examined.says("cloudflare", "api-token", "warning", "no account id");
    examined.says("cloudflare", "answer", "ok", "200");
    let examined = stage.examine_with(&[("CLOUDFLARE_API_TOKEN", "")], &here);
    examined.says("cloudflare", "api-token", "warning", "no API token");
    let examined = stage.examine_with(&[("CLOUDFLARE_API_TOKEN", "canary-wrong")], &here);
    examined.says("cloudflare", "api-token", "wrong", "refuses the API token");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::RateLimited { retry_after: None, status: None }, "api", "too many requests"),
        (Fault::MissingPermission, "api-token", "code 9109"),
        (Fault::Reset, "api", "incomplete answer"),
    ] {
        stage.simulator.faults().set([Rule::new("/client/v4/", fault)]);
        stage.examine(&here).says("cloudflare", check, "wrong", expected);
    }
    stage.simulator.faults().clear();
    // The secret itself cannot be compared; what the door says to it can.
    let other = [("CLOUDFLARE_WEBHOOK_AUTH", "canary-other-auth")];
    let examined = stage.examine_with(&other, &here);
    examined.says("cloudflare", "answer", "wrong", "401");
}
