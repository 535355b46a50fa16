//! The management of CertCentral's webhook: its calls, and its answers as they are documented, seen
//! and feared.

use http::Method;
use providers::api::{Answer, Request};
use providers::digicert::webhook::{
    self, Endpoint, EndpointFault, Key, LogEntry, Parameters, Refusal, SecretChange, Settings,
    Spelling, Status,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

const ENDPOINT: &str = "https://webhook.example.com/endpoint";
const KEY: &str = "0123456789abcdef0123456789abcdef";

fn endpoint() -> Endpoint {
    Endpoint::parse(ENDPOINT).unwrap()
}

fn key() -> Key {
    Key::of(&SecretString::from(KEY)).unwrap()
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

fn body(request: &Request) -> Value {
    let body = request.body.as_ref().map(|body| body.expose_secret());
    body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap())
}

#[test]
fn every_call_has_the_path_and_body_of_its_page() {
    let token = SecretString::from("t-1");
    let parameters = Parameters::of(endpoint());
    let only_endpoint = json!({ "endpoint": ENDPOINT });
    let with_key = json!({ "endpoint": ENDPOINT, "secret": KEY });
    for (request, method, path, expected) in [
        (webhook::list(), Method::GET, "webhook", Value::Null),
        (webhook::create(&parameters), Method::POST, "webhook", only_endpoint.clone()),
        (webhook::update(7, &parameters), Method::PUT, "webhook/7", only_endpoint.clone()),
        (
            webhook::test_endpoint(&endpoint(), None),
            Method::POST,
            "webhook/test-endpoint",
            only_endpoint,
        ),
        (
            webhook::test_endpoint(&endpoint(), Some(&key())),
            Method::POST,
            "webhook/test-endpoint",
            with_key,
        ),
        (webhook::send_challenge(7), Method::PUT, "webhook/7/send-challenge", Value::Null),
        (
            webhook::check_challenge(7, &token),
            Method::PUT,
            "webhook/7/check-challenge",
            json!({ "token": "t-1" }),
        ),
        (webhook::activate(7), Method::PUT, "webhook/7/activate", Value::Null),
        (webhook::deactivate(7), Method::PUT, "webhook/7/deactivate", Value::Null),
        (webhook::delete(7), Method::DELETE, "webhook/7", Value::Null),
        (webhook::event_logs(Some(7), 0), Method::GET, "webhook/7/event-logs", Value::Null),
        (webhook::event_logs(None, 2000), Method::GET, "webhook/event-logs", Value::Null),
    ] {
        assert_eq!((&request.method, request.segments.join("/").as_str()), (&method, path));
        assert_eq!(body(&request), expected, "{path}");
        let shown = format!("{request:?}");
        assert!(!shown.contains(KEY) && !shown.contains("t-1"), "{shown}");
    }
    let page = webhook::event_logs(None, 2000);
    assert_eq!(page.query, [("offset", "2000".to_owned()), ("limit", "1000".to_owned())]);
}

#[test]
fn the_documented_request_is_made_and_what_is_absent_stays_out() {
    let all = Settings {
        instant_issue: Some(true),
        frequency: Some(vec![90, 60, 30, 7, 0, -7]),
        chain: Some(true),
        instant_chain: Some(false),
    };
    let parameters = Parameters {
        events: Some(vec!["certificate_issued".into()]),
        settings: all,
        ..Parameters::of(endpoint())
    };
    let with = |spelling| body(&webhook::create(&Parameters { spelling, ..parameters.clone() }));
    let expected = |on: Value, off: Value| {
        json!({
            "endpoint": ENDPOINT,
            "events": ["certificate_issued"],
            "webhook_settings": {
                "instant_issue_webhook_notification": on,
                "webhook_notification_frequency": [90, 60, 30, 7, 0, -7],
                "webhook_send_certificate_chain": on,
                "webhook_send_instant_issued_certificate_chain": off,
            },
        })
    };
    assert_eq!(with(Spelling::Text), expected("1".into(), "0".into()));
    assert_eq!(with(Spelling::Boolean), expected(true.into(), false.into()));

    let secret = |secret| {
        let parameters = Parameters { secret, ..Parameters::of(endpoint()) };
        body(&webhook::update(7, &parameters))["secret"].clone()
    };
    assert_eq!(secret(SecretChange::Leave), Value::Null);
    assert_eq!(secret(SecretChange::Set(key())), KEY);
    assert_eq!(secret(SecretChange::Remove), "");
}

#[test]
fn endpoints_are_https_or_on_this_machine() {
    for (text, fault) in [
        (ENDPOINT, None),
        ("https://hooks.example.com:8443/a/b?c=d", None),
        ("http://127.0.0.1:3000/webhooks/digicert", None),
        ("http://localhost:3000/", None),
        ("http://[::1]:3000/x", None),
        ("http://hooks.example.com/", Some(EndpointFault::NotHttps)),
        ("http://127.0.0.1.example.com/", Some(EndpointFault::NotHttps)),
        ("http://10.0.0.1/", Some(EndpointFault::NotHttps)),
        ("ftp://hooks.example.com/", Some(EndpointFault::NotHttps)),
        ("https://me:pass@hooks.example.com/", Some(EndpointFault::UserName)),
        ("https://hooks.example.com/#x", Some(EndpointFault::Fragment)),
        ("hooks.example.com/webhook", Some(EndpointFault::NoAddress)),
        ("hooks.example.com", Some(EndpointFault::NoAddress)),
        ("/webhooks/digicert", Some(EndpointFault::NoAddress)),
        ("https://", Some(EndpointFault::NoAddress)),
        ("https://hooks example.com/", Some(EndpointFault::NoAddress)),
        ("", Some(EndpointFault::NoAddress)),
    ] {
        assert_eq!(Endpoint::parse(text).err(), fault, "{text}");
    }
}

#[test]
fn keys_have_32_characters_and_fit_a_header() {
    let stored = format!("{{\"webhook_key\": \"{KEY}\"}}");
    for good in [KEY, &stored, &format!("{KEY}\n")] {
        assert_eq!(Key::of(&SecretString::from(good)).unwrap().expose(), KEY);
    }
    let umlauts = "ä".repeat(32);
    for (bad, expected) in [
        (&KEY[1..], "shorter than 32 characters"),
        ("", "is empty"),
        ("not-filled-in", "placeholder"),
        ("{\"other\": \"0123456789abcdef0123456789abcdef\"}", "no string `webhook_key`"),
        (umlauts.as_str(), "no header can carry"),
    ] {
        let error = Key::of(&SecretString::from(bad)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(bad.len() < 20 || !error.contains(bad), "{error}");
    }
}

#[test]
fn settings_are_read_in_every_spelling() {
    let read = |settings: Value| {
        let body = json!({ "webhooks": [{ "id": "12", "webhook_settings": settings }] });
        webhook::judge_list(&answer(200, &body.to_string())).unwrap().remove(0).settings
    };
    let all = Settings {
        instant_issue: Some(true),
        frequency: Some(vec![90, -7]),
        chain: Some(false),
        instant_chain: Some(true),
    };
    for (on, off, days) in [
        (json!("1"), json!("0"), json!([90, -7])),
        (json!(true), json!(false), json!(["90", "-7"])),
        (json!(1), json!(0), json!("[90,-7]")),
        (json!("true"), json!("false"), json!("90, -7")),
    ] {
        let settings = read(json!({
            "instant_issue_webhook_notification": on,
            "webhook_notification_frequency": days,
            "webhook_send_certificate_chain": off,
            "webhook_send_instant_issued_certificate_chain": on,
        }));
        assert_eq!(settings, all);
    }
    assert_eq!(read(Value::Null), Settings::default());
}

#[test]
fn what_was_asked_for_and_is_not_there_is_named() {
    let asked = Settings {
        instant_issue: Some(true),
        frequency: Some(vec![7, 90]),
        chain: Some(false),
        instant_chain: None,
    };
    let there = Settings { frequency: Some(vec![90, 7]), ..Settings::default() };
    assert_eq!(asked.missing_in(&there), ["instant_issue_webhook_notification"]);
    let there = Settings { instant_issue: Some(true), chain: Some(true), ..Settings::default() };
    assert_eq!(
        asked.missing_in(&there),
        ["webhook_notification_frequency", "webhook_send_certificate_chain"]
    );
    assert!(Settings::default().missing_in(&there).is_empty());
}

#[test]
fn the_documented_list_is_read() {
    let body = json!({ "webhooks": [{
        "id": 12345, "endpoint": ENDPOINT, "secret": KEY, "status": "active",
        "events": ["domain_expired", "certificate_issued"],
        "webhook_settings": { "instant_issue_webhook_notification": "1" },
    }] });
    let webhooks = webhook::judge_list(&answer(200, &body.to_string())).unwrap();
    let [webhook] = webhooks.as_slice() else { panic!("{webhooks:?}") };
    assert_eq!((webhook.id, webhook.endpoint.as_str()), (12345, ENDPOINT));
    assert_eq!(webhook.events, ["domain_expired", "certificate_issued"]);
    assert_eq!(webhook.status, Status::Active);
    assert!(webhook.secret.as_ref().unwrap().is(&key()));
    assert!(!format!("{webhook:?}").contains(KEY));

    for none in [
        answer(400, r#"{"errors":[{"code":"webhook_invalid_account","message":"x"}]}"#),
        answer(200, r#"{"webhooks":[]}"#),
        answer(200, "{}"),
    ] {
        assert!(webhook::judge_list(&none).unwrap().is_empty());
    }
    for unreadable in ["[]", "{\"webhooks\":{}}", "{\"webhooks\":[{}]}", "", "12"] {
        let refusal = webhook::judge_list(&answer(200, unreadable)).unwrap_err();
        assert_eq!(refusal, Refusal::Unreadable { status: 200 }, "{unreadable}");
    }
}

#[test]
fn done_is_a_success_without_a_page_in_it() {
    assert_eq!(webhook::judge_created(&answer(201, r#"{"webhook_id":1234}"#)), Ok(1234));
    assert_eq!(webhook::judge_done(&answer(204, "")), Ok(()));
    assert_eq!(webhook::judge_done(&answer(200, "{}")), Ok(()));
    let page = answer(200, "  <!DOCTYPE html><html>");
    assert_eq!(webhook::judge_done(&page), Err(Refusal::Html { status: 200 }));
    assert_eq!(webhook::judge_created(&page), Err(Refusal::Html { status: 200 }));
    assert!(matches!(
        webhook::judge_created(&answer(201, "{}")),
        Err(Refusal::Unreadable { status: 201 })
    ));
}

#[test]
fn each_documented_error_is_a_sentence_that_says_what_to_do() {
    for (status, code, expected) in [
        (400, "webhook_invalid_endpoint", "https://"),
        (400, "webhook_configured_already", "`update`"),
        (400, "webhook_endpoint_error", "within 10 s"),
        (400, "webhook_invalid_account", "`create`"),
        (404, "not_found|webhook", "`list`"),
        (400, "webhook_invalid_token", "`challenge --send`"),
        (400, "webhook_invalid_action", "`verify`"),
        (403, "access_denied|access_denied_invalid_key", "valid one"),
        (403, "access_denied|missing_permission", "administrator"),
        (429, "request_limit_exceeded", "wait"),
        (404, "not_found|route", "base"),
    ] {
        for errors in [
            json!({ "errors": [{ "code": code, "message": "m" }] }),
            json!({ "errors": { "code": code, "message": "m" } }),
        ] {
            let refusal = webhook::judge_done(&answer(status, &errors.to_string())).unwrap_err();
            let text = refusal.to_string();
            assert!(text.contains(expected) && !text.contains('\n'), "{text}");
            assert_eq!(refusal.code(), Some(code), "{text}");
        }
    }
}

#[test]
fn an_undocumented_answer_is_one_line_too() {
    let of = |status, body: &str| webhook::judge_done(&answer(status, body)).unwrap_err();
    let other = of(400, r#"{"errors":[{"code":"new\ncode","message":"a\u001b[31mb"}]}"#);
    assert_eq!(other.to_string(), "CertCentral refuses this (status 400, code newcode): a[31mb");
    assert_eq!(of(403, "{\"errors\":[{}]}").code(), None);
    assert_eq!(of(401, ""), Refusal::KeyRefused);
    assert_eq!(of(502, "<html>"), Refusal::Trouble { status: 502 });
    assert_eq!(of(302, ""), Refusal::Redirect { status: 302 });
    assert_eq!(of(403, "<html>Incapsula"), Refusal::Html { status: 403 });
    assert_eq!(of(400, ""), Refusal::Unreadable { status: 400 });
}

#[test]
fn the_documented_log_is_read_and_no_token_in_it() {
    let body = json!({
        "events": [
            { "event_name": "challenge_webhook_endpoint", "event_info": { "token": "t-1" },
              "request_status": "success", "request_sent_time": "2023-07-10T18:38:35",
              "response_received_time": "2023-07-10T18:38:35", "response_code": 200 },
            { "event_name": "order_rejected", "event_info": { "order_id": 470091052 },
              "request_status": "success", "request_sent_time": "2023-07-14T19:09:19",
              "response_received_time": "2023-07-14T19:09:20", "response_code": 503 },
            { "event_name": "domain_expired", "request_status": "failed",
              "request_sent_time": "2023-07-14 19:09:19.5Z", "response_code": null },
        ],
        "page": { "total": 2, "limit": 1000, "offset": 0 },
    });
    let page = webhook::judge_logs(&answer(200, &body.to_string())).unwrap();
    assert_eq!(page.total, Some(2));
    let [challenge, rejected, expired] = page.entries.as_slice() else { panic!("{page:?}") };
    assert_eq!((&challenge.info, challenge.code, challenge.is_failed()), (&None, Some(200), false));
    assert_eq!(challenge.sent, Some(datetime!(2023-07-10 18:38:35 UTC)));
    assert_eq!(rejected.info, Some(json!({ "order_id": 470091052 })));
    assert!(rejected.is_failed() && expired.is_failed());
    assert_eq!(expired.sent, Some(datetime!(2023-07-14 19:09:19.5 UTC)));
    assert_eq!((expired.code, expired.answered), (None, None));

    let empty = webhook::judge_logs(&answer(200, r#"{"page":{"total":0}}"#)).unwrap();
    assert_eq!(empty.entries, [] as [LogEntry; 0]);
}
