use http::Method;
use providers::digicert::DigicertReceiver;
use providers::digicert::admin::{self, Parameters, SecretChange, Settings, Spelling};
use providers::sent_secret::SentSecret;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{ENDPOINT, KEY, body, endpoint, key};

#[test]
fn every_call_has_the_path_and_body_of_its_page() {
    let token = SecretString::from("t-1");
    let parameters = Parameters::of(endpoint());
    let only_endpoint = json!({ "endpoint": ENDPOINT });
    let with_key = json!({ "endpoint": ENDPOINT, "secret": KEY });
    for (request, method, path, expected) in [
        (admin::list(), Method::GET, "webhook", Value::Null),
        (admin::create(&parameters), Method::POST, "webhook", only_endpoint.clone()),
        (admin::update(7, &parameters), Method::PUT, "webhook/7", only_endpoint.clone()),
        (
            admin::test_endpoint(&endpoint(), None),
            Method::POST,
            "webhook/test-endpoint",
            only_endpoint,
        ),
        (
            admin::test_endpoint(&endpoint(), Some(&key())),
            Method::POST,
            "webhook/test-endpoint",
            with_key,
        ),
        (admin::send_challenge(7), Method::PUT, "webhook/7/send-challenge", Value::Null),
        (
            admin::check_challenge(7, &token),
            Method::PUT,
            "webhook/7/check-challenge",
            json!({ "token": "t-1" }),
        ),
        (admin::activate(7), Method::PUT, "webhook/7/activate", Value::Null),
        (admin::deactivate(7), Method::PUT, "webhook/7/deactivate", Value::Null),
        (admin::delete(7), Method::DELETE, "webhook/7", Value::Null),
        (admin::event_logs(Some(7), 0), Method::GET, "webhook/7/event-logs", Value::Null),
        (admin::event_logs(None, 2000), Method::GET, "webhook/event-logs", Value::Null),
    ] {
        assert_eq!((&request.method, request.segments.join("/").as_str()), (&method, path));
        assert_eq!(body(&request), expected, "{path}");
        let shown = format!("{request:?}");
        assert!(!shown.contains(KEY) && !shown.contains("t-1"), "{shown}");
    }
    let page = admin::event_logs(None, 2000);
    assert_eq!(page.query, [("offset", "2000".to_owned()), ("limit", "1000".to_owned())]);
}

#[test]
fn absent_parameters_are_left_out_of_the_request() {
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
    let with = |spelling| body(&admin::create(&Parameters { spelling, ..parameters.clone() }));
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
        body(&admin::update(7, &parameters))["secret"].clone()
    };
    assert_eq!(secret(SecretChange::Leave), Value::Null);
    assert_eq!(secret(SecretChange::Set(key())), KEY);
    assert_eq!(secret(SecretChange::Remove), "");
}

#[test]
fn keys_have_32_characters_and_fit_a_header() {
    let stored = format!("{{\"webhook_key\": \"{KEY}\"}}");
    for good in [KEY, &stored, &format!("{KEY}\n")] {
        assert_eq!(
            SentSecret::of::<DigicertReceiver>(&SecretString::from(good)).unwrap().expose(),
            KEY
        );
    }
    let umlauts = "ä".repeat(32);
    for (bad, expected) in [
        (&KEY[1..], "shorter than 32 characters"),
        ("", "is empty"),
        ("not-filled-in", "placeholder"),
        ("{\"other\": \"0123456789abcdef0123456789abcdef\"}", "no string `webhook_key`"),
        (umlauts.as_str(), "no header can carry"),
    ] {
        let error =
            SentSecret::of::<DigicertReceiver>(&SecretString::from(bad)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(bad.len() < 20 || !error.contains(bad), "{error}");
    }
}
