use reqwest::Client;
use simulator::{Fault, Rule, Settings};

use super::{LOOPBACK, Subscribed};
use crate::scene::{APP, Scene};

const ONLY: [&str; 2] = ["--provider", "meta-ct"];

async fn graph(scene: &Scene, method: reqwest::Method, edge: &str, body: &'static str) {
    let url = format!("{}/{APP}/{edge}", scene.simulator.meta_base());
    let call = Client::new().request(method, url).bearer_auth("canary-meta-access-token");
    assert_eq!(call.body(body).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_retired_and_that_is_no_fault() {
    let scene = Scene::with(Settings { retired: true, ..Settings::default() }).await;
    let examined = scene.examine(&ONLY);
    examined.says("meta", "product", "warning", "Meta has retired Certificate Transparency");
    // Whoever never set it up is not told to.
    let unset = [("META_ACCESS_TOKEN", ""), ("META_APP_ID", "")];
    scene.examine_with(&unset, &[]).says("meta", "product", "ok", "nothing to set up");
    scene.examine_with(&unset, &ONLY).says("meta", "access-token", "warning", "no app id");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_there() {
    let stage = Subscribed::new().await;
    let base = stage.door.url("/");
    let here = [&ONLY[..], &["--endpoint", &base]].concat();
    assert_eq!(stage.examine(&here).not_ok(), LOOPBACK);
    let part = "object=certificate_transparency&fields=phishing";
    graph(&stage, reqwest::Method::DELETE, "subscriptions", part).await;
    let none = "unsubscribe=a.example";
    graph(&stage, reqwest::Method::POST, "subscribed_domains", none).await;
    let examined = stage.examine(&here);
    examined.says("meta", "subscription", "wrong", "does not announce phishing");
    examined.says("meta", "domains", "wrong", "none is subscribed");
    examined.says("meta", "phishing-domains", "ok", "1 subscribed");
    graph(&stage, reqwest::Method::DELETE, "subscriptions", "").await;
    let examined = stage.examine(&here);
    let finding = examined.says("meta", "subscription", "wrong", "the app has none");
    let mend = finding["mend"].as_str().unwrap();
    assert!(mend.starts_with("certhooks meta subscribe --endpoint http://127.0.0.1:"), "{mend}");

    let other = [("META_VERIFY_TOKEN", "canary-other"), ("META_APP_SECRET", "canary-other-secret")];
    let examined = stage.examine_with(&other, &here);
    examined.says("meta", "answer", "wrong", "401");
    examined.says("meta", "handshake", "wrong", "answered 403");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_may_not_and_answers_that_are_none() {
    let stage = Subscribed::new().await;
    let wrong = [("META_ACCESS_TOKEN", "canary-wrong")];
    stage.examine_with(&wrong, &ONLY).says("meta", "access-token", "wrong", "code 190");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::ServerError { status: None }, "api", "failed"),
        (Fault::MissingPermission, "access-token", "code 10"),
    ] {
        stage.simulator.faults().set([Rule::new("/graph/", fault)]);
        stage.examine(&ONLY).says("meta", check, "wrong", expected);
    }
}
