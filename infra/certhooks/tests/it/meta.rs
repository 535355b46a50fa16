//! `certhooks meta subscribe` against the simulated Graph API, with `certhooks local` as the webhook endpoint.

use std::net::TcpListener;

use serde_json::json;
use simulator::{Fault, Rule, Settings};

use crate::digicert::stage::{of, steps};
use crate::scene::{APP, Scene};

const ROUTE: &str = "/webhooks/meta-ct";

#[tokio::test(flavor = "multi_thread")]
async fn both_fields_and_the_domains_of_both_kinds() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    let subscribe =
        ["meta", "subscribe", "--endpoint", &url, "--domain", "a.example,B.example", "--json"];
    let out = scene.run(&subscribe).done();
    assert_eq!(steps(&out), of([("fields", "done"), ("domains", "added"), ("domains", "added")]));
    assert_eq!(scene.changes().len(), 3);
    let there = |edge: &str| {
        let url = format!("{}/{APP}/{edge}", scene.simulator.meta_base());
        async move {
            let asked = reqwest::Client::new().get(url).bearer_auth("canary-meta-access-token");
            let text = asked.send().await.unwrap().text().await.unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["data"].clone()
        }
    };
    let subscriptions = there("subscriptions").await;
    assert_eq!(subscriptions[0]["callback_url"], json!(url));
    let fields = subscriptions[0]["fields"].as_array().unwrap();
    assert_eq!(
        fields.iter().map(|field| &field["name"]).collect::<Vec<_>>(),
        ["certificate", "phishing"]
    );
    for edge in ["subscribed_domains", "subscribed_domains_phishing"] {
        let domains = there(edge).await;
        let names: Vec<_> = domains.as_array().unwrap().iter().map(|one| &one["domain"]).collect();
        assert_eq!(names, ["a.example", "b.example"], "{edge}");
    }

    let out = scene.run(&subscribe).done();
    let known = [("fields", "already"), ("domains", "already"), ("domains", "already")];
    assert_eq!(steps(&out), of(known));
    assert_eq!(scene.changes().len(), 3, "running it again changes nothing");

    let listed = [("META_DOMAINS", "a.example, c.example")];
    let out = scene.run_with(&listed, &["meta", "subscribe", "--endpoint", &url]).done();
    assert!(out.contains("added    certificate: c.example"), "{out}");
}

/// Graph answers so since 2026-02, at any step.
#[tokio::test(flavor = "multi_thread")]
async fn the_product_is_retired() {
    let scene = Scene::with(Settings { retired: true, ..Settings::default() }).await;
    let subscribe = [
        "meta",
        "subscribe",
        "--endpoint",
        "https://a.example/webhooks/meta-ct",
        "--domain",
        "a.example",
    ];
    scene
        .run(&subscribe)
        .refused(3, "Meta has retired Certificate Transparency (code 100, subcode 33");
    let ended = scene.run(&[&subscribe[..], &["--json"]].concat());
    let error: serde_json::Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((&error["exit"], &error["code"]), (&json!(3), &json!("100/33")));

    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    let path = format!("/graph/{APP}/subscribed_domains_phishing");
    scene.simulator.faults().add(Rule::new(path, Fault::Retired));
    let ended = scene.run(&["meta", "subscribe", "--endpoint", &url, "--domain", "a.example"]);
    ended.ended_badly(3, "retired");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_input_is_one_clear_line() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    let to = |endpoint: &str, domain: &str, more: &[&str]| -> Vec<String> {
        let words = ["meta", "subscribe", "--endpoint", endpoint, "--domain", domain];
        words.iter().chain(more).map(|word| (*word).to_owned()).collect()
    };
    for (arguments, expected) in [
        (to("http://a.example/", "a.example", &[]), "must begin with https://"),
        (to("a.example", "a.example", &[]), "not a valid URL"),
        (to(&url, "localhost", &[]), "it has a single label"),
        (to(&url, "a_b.example", &[]), "is no letter, digit or hyphen"),
        (to(&url, ",", &[]), "no domain: name one with --domain"),
        (to(&url, "a.example", &["--app", "1/2"]), "is not a number"),
        (to(&url, "a.example", &["--access-token-file", "/nowhere"]), "/nowhere: No such file"),
        (to(&url, "a.example", &["--base", "http://graph.example.com"]), "--base: must be https"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        scene.run(&arguments).refused(2, expected);
    }
    let good = to(&url, "a.example", &[]);
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    scene.run_with(&[("META_APP_ID", "")], &good).refused(2, "no app id: name it with --app");
    scene
        .run_with(&[("META_ACCESS_TOKEN", "")], &good)
        .refused(2, "no access token: set META_ACCESS_TOKEN");
    scene.run(&good[..4]).refused(2, "no domain");
    assert_eq!(scene.simulator.requests().total(), 0, "nothing was sent");

    let wrong = [("META_ACCESS_TOKEN", "canary-1234567890|canary-wrong")];
    scene.run_with(&wrong, &good).refused(1, "refuses the access token (code 190)");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/graph", silent.local_addr().unwrap());
    drop(silent);
    scene.run_with(&[("META_API_BASE", &base)], &good).refused(1, "no connection");
    for (fault, expected) in [
        (Fault::Html, "an HTML page (status 200)"),
        (Fault::Empty, "cannot be parsed"),
        (Fault::ServerError { status: Some(502) }, "Graph failed (status 502)"),
        (
            Fault::RateLimited { retry_after: None, status: None },
            "too many requests for this app (code 4)",
        ),
        (Fault::MissingPermission, "has no permission for this (code 10)"),
        (Fault::Reset, "no complete answer"),
    ] {
        scene.simulator.faults().set(vec![Rule::new("/graph/", fault)]);
        scene.run(&good).refused(1, expected);
    }
    scene.simulator.faults().clear();
    assert_eq!(scene.changes(), [] as [String; 0], "nothing half done");

    let other = [("META_VERIFY_TOKEN", "canary-other-verify-token")];
    scene.run_with(&other, &good).refused(1, "could not verify the endpoint (code 2200)");
}
