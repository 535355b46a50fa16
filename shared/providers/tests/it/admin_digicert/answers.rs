use providers::digicert::admin::{self, Settings, Status};
use providers::refusal::Kind;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::macros::datetime;

use super::{ENDPOINT, KEY, answer, key};

#[test]
fn settings_are_read_in_every_spelling() {
    let read = |settings: Value| {
        let body = json!({ "webhooks": [{ "id": "12", "webhook_settings": settings }] });
        admin::classify_list(&answer(200, &body.to_string())).unwrap().remove(0).settings
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
fn settings_that_the_webhook_lacks_are_named() {
    let asked = Settings {
        instant_issue: Some(true),
        frequency: Some(vec![7, 90]),
        chain: Some(false),
        instant_chain: None,
    };
    let existing = Settings { frequency: Some(vec![90, 7]), ..Settings::default() };
    assert_eq!(asked.missing_in(&existing), ["instant_issue_webhook_notification"]);
    let existing = Settings { instant_issue: Some(true), chain: Some(true), ..Settings::default() };
    assert_eq!(
        asked.missing_in(&existing),
        ["webhook_notification_frequency", "webhook_send_certificate_chain"]
    );
    assert!(Settings::default().missing_in(&existing).is_empty());
}

#[test]
fn the_documented_list_is_read() {
    let body = json!({ "webhooks": [{
        "id": 12345, "endpoint": ENDPOINT, "secret": KEY, "status": "active",
        "events": ["domain_expired", "certificate_issued"],
        "webhook_settings": { "instant_issue_webhook_notification": "1" },
    }] });
    let webhooks = admin::classify_list(&answer(200, &body.to_string())).unwrap();
    let [webhook] = webhooks.as_slice() else { panic!("{webhooks:?}") };
    assert_eq!((webhook.id, webhook.endpoint.as_str()), (12345, ENDPOINT));
    assert_eq!(webhook.events, ["domain_expired", "certificate_issued"]);
    assert_eq!(webhook.status, Status::Active);
    assert!(webhook.secret.as_ref().unwrap().matches(&key()));
    assert!(!format!("{webhook:?}").contains(KEY));

    for none in [
        answer(400, r#"{"errors":[{"code":"webhook_invalid_account","message":"x"}]}"#),
        answer(200, r#"{"webhooks":[]}"#),
        answer(200, "{}"),
    ] {
        assert!(admin::classify_list(&none).unwrap().is_empty());
    }
    for unreadable in ["[]", "{\"webhooks\":{}}", "{\"webhooks\":[{}]}", "", "12"] {
        let refusal = admin::classify_list(&answer(200, unreadable)).unwrap_err();
        assert_eq!((refusal.kind, refusal.status), (Kind::Unreadable, 200), "{unreadable}");
    }
}

#[test]
fn a_success_with_a_page_in_it_is_refused() {
    assert_eq!(admin::classify_created(&answer(201, r#"{"webhook_id":1234}"#)), Ok(1234));
    assert_eq!(admin::classify_done(&answer(204, "")), Ok(()));
    assert_eq!(admin::classify_done(&answer(200, "{}")), Ok(()));
    let page = answer(200, "  <!DOCTYPE html><html>");
    assert_eq!(admin::classify_done(&page).unwrap_err().kind, Kind::Html);
    assert_eq!(admin::classify_created(&page).unwrap_err().kind, Kind::Html);
    let empty = admin::classify_created(&answer(201, "{}")).unwrap_err();
    assert_eq!((empty.kind, empty.status), (Kind::Unreadable, 201));
}

#[test]
fn each_documented_error_says_what_to_do() {
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
            let refusal = admin::classify_done(&answer(status, &errors.to_string())).unwrap_err();
            let text = refusal.to_string();
            assert!(text.contains(expected) && !text.contains('\n'), "{text}");
            assert_eq!(refusal.code.as_deref(), Some(code), "{text}");
            assert!(refusal.is_definite(), "{text}");
        }
    }
}

#[test]
fn an_undocumented_answer_is_one_line_too() {
    let of = |status, body: &str| admin::classify_done(&answer(status, body)).unwrap_err();
    let other = of(400, r#"{"errors":[{"code":"new\ncode","message":"a\u001b[31mb"}]}"#);
    assert_eq!(
        other.to_string(),
        "CertCentral refused the request (status 400, code newcode): a[31mb"
    );
    for (status, body, kind) in [
        (401, "{\"errors\":[{\"code\":\"x\"}]}", Kind::KeyRefused),
        (403, "{\"errors\":[{\"code\":\"x\"}]}", Kind::Forbidden),
        (401, "", Kind::Unreadable),
        (403, "{\"errors\":[{}]}", Kind::Unreadable),
        (404, "{\"message\":\"no route\"}", Kind::Unreadable),
        (502, "<html>", Kind::Unavailable),
        (302, "", Kind::Redirect),
        (403, "<html>Incapsula", Kind::Html),
        (400, "", Kind::Unreadable),
    ] {
        let refusal = of(status, body);
        assert_eq!((refusal.kind, refusal.status), (kind, status), "{status} {body}");
        let is_definite = matches!(kind, Kind::KeyRefused | Kind::Forbidden);
        assert_eq!(refusal.is_definite(), is_definite, "{status} {body}");
    }
}

#[test]
fn the_documented_log_is_read_without_its_token() {
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
    let page = admin::classify_sent_events(&answer(200, &body.to_string())).unwrap();
    assert_eq!(page.total, Some(2));
    let [challenge, rejected, expired] = page.sent_events.as_slice() else { panic!("{page:?}") };
    assert!(challenge.data.is_none());
    assert_eq!((challenge.code, challenge.is_failed), (Some(200), false));
    assert_eq!(challenge.sent, Some(datetime!(2023-07-10 18:38:35 UTC)));
    let data = rejected.data.as_deref().map(RawValue::get);
    assert_eq!(data, Some(r#"{"order_id":470091052}"#));
    assert!(rejected.is_failed && expired.is_failed);
    assert_eq!(expired.sent, Some(datetime!(2023-07-14 19:09:19.5 UTC)));
    assert_eq!((expired.code, expired.answered), (None, None));

    let empty = admin::classify_sent_events(&answer(200, r#"{"page":{"total":0}}"#)).unwrap();
    assert!(empty.sent_events.is_empty());
}
