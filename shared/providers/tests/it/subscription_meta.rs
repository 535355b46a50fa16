//! The management of a Meta app's subscription: the calls, and the answers of the Graph API.

use http::Method;
use providers::api::{Answer, Refused};
use providers::meta::subscription::{
    self, Alerts, Refusal, Subscription, classify_domains, classify_done, classify_subscriptions,
    is_app,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const URL: &str = "https://hooks.example.com/webhooks/meta-ct";
const TOKEN: &str = "v3rify-token";

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

#[test]
fn every_call_has_its_path_and_body() {
    let token = SecretString::from(TOKEN);
    let subscribe = json!({
        "object": "certificate_transparency",
        "callback_url": URL,
        "fields": "certificate,phishing",
        "verify_token": TOKEN,
        "include_values": true,
    });
    let domains = json!({ "subscribe": ["a.example", "b.example"] });
    for (request, method, path, expected) in [
        (subscription::subscriptions("7"), Method::GET, "7/subscriptions", Value::Null),
        (subscription::subscribe("7", URL, &token), Method::POST, "7/subscriptions", subscribe),
        (
            subscription::domains("7", Alerts::Certificate, None),
            Method::GET,
            "7/subscribed_domains",
            Value::Null,
        ),
        (
            subscription::domains("7", Alerts::Phishing, Some("c")),
            Method::GET,
            "7/subscribed_domains_phishing",
            Value::Null,
        ),
        (
            subscription::subscribe_domains("7", Alerts::Phishing, &["a.example", "b.example"]),
            Method::POST,
            "7/subscribed_domains_phishing",
            domains,
        ),
    ] {
        assert_eq!((&request.method, request.segments.join("/").as_str()), (&method, path));
        let body = request.body.as_ref().map(|body| body.expose_secret());
        let body = body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        assert_eq!(body, expected, "{path}");
        assert!(!format!("{request:?}").contains(TOKEN));
    }
    let page = subscription::domains("7", Alerts::Certificate, Some("c"));
    assert_eq!(page.query, [("limit", "500".to_owned()), ("after", "c".to_owned())]);
    let key = providers::meta::api::key(&"7|app-secret".into()).unwrap();
    assert_eq!(subscription::subscribe("7", URL, &token).secrets(&key), [TOKEN, "7|app-secret"]);
    assert!(is_app("123") && !is_app("") && !is_app("1/2"));
}

#[test]
fn subscriptions_and_domains_are_read() {
    let both = json!({ "data": [
        { "object": "page", "callback_url": "https://other.example" },
        {
            "object": "certificate_transparency", "callback_url": URL, "active": true,
            "fields": [{ "name": "certificate", "version": "v19.0" }, { "name": "phishing" }],
        },
    ]});
    let read = classify_subscriptions(&answer(200, &both.to_string())).unwrap().unwrap();
    assert_eq!((read.callback.as_str(), read.is_active, read.missing()), (URL, true, vec![]));
    let old = json!({ "data": [
        { "object": "certificate_transparency", "active": false, "fields": ["certificate"] },
    ]});
    let read = classify_subscriptions(&answer(200, &old.to_string())).unwrap().unwrap();
    assert_eq!((read.is_active, read.missing()), (false, vec!["phishing"]));
    assert_eq!(classify_subscriptions(&answer(200, r#"{"data":[]}"#)), Ok(None));
    assert_eq!(Subscription::default().missing(), ["certificate", "phishing"]);

    let page = json!({
        "data": [{ "domain": "a.example", "id": "1" }, { "id": "2" }],
        "paging": { "cursors": { "after": "c" }, "next": "https://graph.example/?access_token=x" },
    });
    let read = classify_domains(&answer(200, &page.to_string())).unwrap();
    assert_eq!((read.domains, read.after), (vec!["a.example".to_owned()], Some("c".to_owned())));
    let last = r#"{"data":[],"paging":{"cursors":{"after":"c"}}}"#;
    assert_eq!(classify_domains(&answer(200, last)).unwrap().after, None);
}

#[test]
fn only_success_is_done() {
    for (body, is_done) in [
        (r#"{"success":true}"#, true),
        (r#"{"success":"true"}"#, true),
        (r#"{"success":false}"#, false),
        (r#"{"success":"1"}"#, false),
        ("{}", false),
        ("", false),
    ] {
        assert_eq!(classify_done(&answer(200, body)).is_ok(), is_done, "{body}");
    }
}

/// The code decides, whatever the status is.
#[test]
fn each_failure_has_its_refusal() {
    let some = |message: &str| Some(message.to_owned());
    for (status, body, expected) in [
        (400, r#"{"error":{"code":100,"error_subcode":33}}"#, Refusal::Retired),
        (200, r#"{"error":{"code":100,"error_subcode":33}}"#, Refusal::Retired),
        (
            400,
            r#"{"error":{"code":100,"message":"(#100) no"}}"#,
            Refusal::Other { code: 100, message: some("(#100) no") },
        ),
        (400, r#"{"error":{"code":190}}"#, Refusal::TokenRefused { code: 190 }),
        (403, r#"{"error":{"code":10}}"#, Refusal::Forbidden { code: 10 }),
        (403, r#"{"error":{"code":4,"is_transient":true}}"#, Refusal::RateLimited { code: 4 }),
        (400, r#"{"error":{"code":2}}"#, Refusal::ServerError { status: 400 }),
        (400, r#"{"error":{"code":7,"is_transient":true}}"#, Refusal::ServerError { status: 400 }),
        (
            400,
            r#"{"error":{"code":2200,"message":"m"}}"#,
            Refusal::CallbackFailed { message: some("m") },
        ),
        (502, "<html>", Refusal::ServerError { status: 502 }),
        (302, "", Refusal::Redirect { status: 302 }),
        (200, "<html>", Refusal::Html { status: 200 }),
        (200, "", Refusal::Unreadable { status: 200 }),
        (200, "[]", Refusal::Unreadable { status: 200 }),
        (404, "{}", Refusal::Unreadable { status: 404 }),
    ] {
        assert_eq!(classify_subscriptions(&answer(status, body)), Err(expected), "{status} {body}");
    }
}

#[test]
fn a_message_that_quotes_a_secret_is_dropped() {
    let body = r#"{"error":{"code":2200,"message":"v3rify-token was not taken"}}"#;
    let refusal = classify_done(&answer(400, body)).unwrap_err();
    assert!(refusal.to_string().contains(TOKEN));
    let hidden = refusal.without_secrets(&[TOKEN.to_owned()]);
    assert_eq!(hidden, Refusal::CallbackFailed { message: None });
}
