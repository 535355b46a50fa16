//! The management of Cloudflare's notifications: its calls, and its answers, documented and not.

use http::Method;
use providers::api::{Answer, Request};
use providers::cloudflare::admin::{
    self, NewDestination, classify_created, classify_destinations, classify_done,
    classify_policies, new_policy,
};
use providers::cloudflare::{CUSTOM_HOSTNAMES_ALERT, CloudflareReceiver, is_id};
use providers::refusal::Kind;
use providers::sent_secret::{SentSecret, SentSecretFault};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const AUTH: &str = "s3cr3t-auth";
const URL: &str = "https://hooks.example.com/webhooks/cloudflare";

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

fn body(request: &Request) -> Value {
    let body = request.body.as_ref().map(|body| body.expose_secret());
    body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap())
}

#[test]
fn every_call_has_the_path_and_body_of_its_page() {
    let auth = SentSecret::of::<CloudflareReceiver>(&SecretString::from(AUTH)).unwrap();
    let new = NewDestination { name: "n", url: URL, auth: &auth };
    let whole = json!({ "name": "n", "url": URL, "secret": AUTH });
    let policy = new_policy("p", CUSTOM_HOSTNAMES_ALERT, &["d1", "d2"]);
    let policy_body = json!({
        "name": "p",
        "enabled": true,
        "alert_type": "custom_ssl_certificate_event_type",
        "mechanisms": { "webhooks": [{ "id": "d1" }, { "id": "d2" }] },
    });
    for (request, method, path, expected) in [
        (admin::destinations(ACCOUNT), Method::GET, "destinations/webhooks", Value::Null),
        (
            admin::create_destination(ACCOUNT, &new),
            Method::POST,
            "destinations/webhooks",
            whole.clone(),
        ),
        (
            admin::update_destination(ACCOUNT, "d1", &new),
            Method::PUT,
            "destinations/webhooks/d1",
            whole,
        ),
        (
            admin::delete_destination(ACCOUNT, "d1"),
            Method::DELETE,
            "destinations/webhooks/d1",
            Value::Null,
        ),
        (admin::policies(ACCOUNT), Method::GET, "policies", Value::Null),
        (admin::create_policy(ACCOUNT, &policy), Method::POST, "policies", policy_body.clone()),
        (admin::update_policy(ACCOUNT, "p1", &policy), Method::PUT, "policies/p1", policy_body),
        (admin::delete_policy(ACCOUNT, "p1"), Method::DELETE, "policies/p1", Value::Null),
    ] {
        let expected_path = format!("accounts/{ACCOUNT}/alerting/v3/{path}");
        assert_eq!((&request.method, request.segments.join("/")), (&method, expected_path));
        assert_eq!(body(&request), expected, "{path}");
        assert!(!format!("{request:?}").contains(AUTH));
    }
    assert!(!format!("{new:?}").contains(AUTH));
    let key = providers::cloudflare::api::key(&"an-api-token".into()).unwrap();
    let secrets = admin::create_destination(ACCOUNT, &new).secrets(&key);
    assert_eq!(secrets, [AUTH, "an-api-token"], "without the scheme");
}

#[test]
fn lists_are_read_leniently() {
    let destinations = json!({
        "success": true,
        "result": [
            {
                "id": "d1", "name": "one", "url": URL, "type": "generic",
                "created_at": "2026-01-02T03:04:05Z",
                "last_success": "2026-01-03T00:00:00.123456Z",
                "last_failure": "2026-01-03T00:00:00.2Z",
            },
            { "id": "d2" },
        ],
    });
    let read = classify_destinations(&answer(200, &destinations.to_string())).unwrap();
    assert_eq!((read[0].name.as_str(), read[0].url.as_str()), ("one", URL));
    assert_eq!(read[0].created, Some(datetime!(2026-01-02 03:04:05 UTC)));
    assert!(read[0].is_failing() && !read[1].is_failing());

    let policies = json!({
        "success": true, "errors": [], "messages": [],
        "result": [
            {
                "id": "p1", "enabled": true, "alert_type": "custom_ssl_certificate_event_type",
                "mechanisms": { "webhooks": [{ "id": "d1" }] },
            },
            { "id": "p2", "enabled": "yes", "mechanisms": null },
        ],
    });
    let read = classify_policies(&answer(200, &policies.to_string())).unwrap();
    assert!(read[0].serves("d1") && !read[0].serves("d2"));
    assert!(!read[1].is_enabled && read[1].destinations.is_empty());

    for empty in [r#"{"success":true,"result":null}"#, r#"{"success":true,"result":[]}"#] {
        assert_eq!(classify_destinations(&answer(200, empty)).unwrap(), []);
    }
    let created = r#"{"success":true,"result":{"id":"abc"}}"#;
    assert_eq!(classify_created(&answer(200, created)), Ok("abc".to_owned()));
    assert_eq!(classify_done(&answer(200, r#"{"success":true,"result":null}"#)), Ok(()));
}

#[test]
fn each_failure_has_its_refusal() {
    let error =
        |code: u64| format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"m"}}]}}"#);
    for (status, body, kind, code) in [
        (401, error(10000), Kind::KeyRefused, Some("10000")),
        (403, error(9999), Kind::KeyRefused, Some("9999")),
        (403, String::new(), Kind::Unreadable, None),
        (401, r#"{"message":"proxy"}"#.to_owned(), Kind::Unreadable, None),
        (404, "<html>".to_owned(), Kind::Html, None),
        (404, r#"{"success":false,"errors":[]}"#.to_owned(), Kind::Unreadable, None),
        (400, error(6003), Kind::KeyRefused, Some("6003")),
        (200, error(9109), Kind::KeyRefused, Some("9109")),
        (404, error(7003), Kind::NotFound, Some("7003")),
        (429, "<html>".to_owned(), Kind::RateLimited, None),
        (500, error(1), Kind::Unavailable, Some("1")),
        (302, String::new(), Kind::Redirect, None),
        (200, "<html>".to_owned(), Kind::Html, None),
        (400, "<html>".to_owned(), Kind::Html, None),
        (200, String::new(), Kind::Unreadable, None),
        (200, "[]".to_owned(), Kind::Unreadable, None),
        (200, r#"{"success":"true"}"#.to_owned(), Kind::Unreadable, None),
        (200, r#"{"success":true,"result":7}"#.to_owned(), Kind::Unreadable, None),
        (400, error(1000), Kind::Other, Some("1000")),
    ] {
        let refusal = classify_destinations(&answer(status, &body)).unwrap_err();
        let found = (refusal.kind, refusal.status, refusal.code.as_deref());
        assert_eq!(found, (kind, status, code), "{status} {body}");
    }
    // An id that cannot be part of a path does not count.
    let id = r#"{"success":true,"result":{"id":"../x"}}"#;
    assert_eq!(classify_created(&answer(200, id)).unwrap_err().kind, Kind::Unreadable);
}

#[test]
fn a_message_that_quotes_a_secret_is_dropped() {
    let body =
        r#"{"success":false,"errors":[{"code":1,"message":"secret s3cr3t-auth\u0007 is weak"}]}"#;
    let refusal = classify_done(&answer(400, body)).unwrap_err();
    assert!(refusal.to_string().ends_with("code 1): secret s3cr3t-auth is weak"), "{refusal}");
    let hidden = refusal.without_secrets(&[AUTH.to_owned(), String::new()]);
    assert!(hidden.to_string().ends_with("code 1)"), "{hidden}");
}

#[test]
fn only_usable_secrets_and_ids_are_accepted() {
    let auth = |text: &str| {
        SentSecret::of::<CloudflareReceiver>(&SecretString::from(text))
            .map(|auth| auth.expose().to_owned())
    };
    assert_eq!(auth(r#"{"webhook_auth":" x y "}"#).unwrap(), "x y");
    assert!(matches!(auth(" "), Err(SentSecretFault::Stored(_))));
    assert!(matches!(auth("not-filled-in"), Err(SentSecretFault::Stored(_))));
    assert_eq!(auth("a\u{e4}"), Err(SentSecretFault::NoHeader));
    for (id, good) in
        [(ACCOUNT, true), ("a-b_c", true), ("", false), ("a/b", false), ("a b", false)]
    {
        assert_eq!(is_id(id), good, "{id}");
    }
    assert!(!is_id(&"a".repeat(65)));
}
