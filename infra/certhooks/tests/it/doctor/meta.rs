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
async fn a_retired_product_is_no_error() {
    let scene = Scene::with(Settings { retired: true, ..Settings::default() }).await;
    let diagnosis = scene.doctor(&ONLY);
    diagnosis.expect("meta", "product", "warning", "Meta has retired Certificate Transparency");
    // An operator who has not configured it is not asked to.
    let unset = [("META_ACCESS_TOKEN", ""), ("META_APP_ID", "")];
    scene.doctor_with(&unset, &[]).expect(
        "meta",
        "product",
        "ok",
        "not configured, which is right",
    );
    scene.doctor_with(&unset, &ONLY).expect("meta", "access-token", "warning", "no app id");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_fields_domains_and_subscriptions() {
    let subscribed = Subscribed::new().await;
    let base = subscribed.local.url("/");
    let arguments = [&ONLY[..], &["--endpoint", &base]].concat();
    assert_eq!(subscribed.doctor(&arguments).not_ok(), LOOPBACK);
    let part = "object=certificate_transparency&fields=phishing";
    graph(&subscribed, reqwest::Method::DELETE, "subscriptions", part).await;
    let none = "unsubscribe=a.example";
    graph(&subscribed, reqwest::Method::POST, "subscribed_domains", none).await;
    let diagnosis = subscribed.doctor(&arguments);
    diagnosis.expect("meta", "subscription", "error", "is without the fields phishing");
    diagnosis.expect("meta", "domains", "error", "no domain is subscribed");
    diagnosis.expect("meta", "phishing-domains", "ok", "1 subscribed");
    graph(&subscribed, reqwest::Method::DELETE, "subscriptions", "").await;
    let diagnosis = subscribed.doctor(&arguments);
    let finding = diagnosis.expect("meta", "subscription", "error", "the app has none");
    let fix = finding["fix"].as_str().unwrap();
    assert!(fix.starts_with("certhooks meta subscribe --endpoint http://127.0.0.1:"), "{fix}");

    let other = [("META_VERIFY_TOKEN", "canary-other"), ("META_APP_SECRET", "canary-other-secret")];
    let diagnosis = subscribed.doctor_with(&other, &arguments);
    diagnosis.expect("meta", "answer", "error", "401");
    diagnosis.expect("meta", "handshake", "error", "answered 403");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tokens_and_unusable_answers() {
    let subscribed = Subscribed::new().await;
    let wrong = [("META_ACCESS_TOKEN", "canary-wrong")];
    subscribed.doctor_with(&wrong, &ONLY).expect("meta", "access-token", "error", "code 190");
    for (fault, check, expected) in [
        (Fault::Html, "api", "an HTML page"),
        (Fault::ServerError { status: None }, "api", "failed"),
        (Fault::MissingPermission, "access-token", "code 10"),
    ] {
        subscribed.simulator.faults().set([Rule::new("/graph/", fault)]);
        subscribed.doctor(&ONLY).expect("meta", check, "error", expected);
    }
}
