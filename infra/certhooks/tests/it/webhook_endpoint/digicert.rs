//! CertCentral: its test event with and without the key, unusable ids, unknown event names.

use serde_json::json;

use super::{delivers_only, event};
use crate::harness::{DIGICERT_KEY, Local};
use crate::wire::{CLOUDFLARE, DIGICERT, KEY_HEADER, META, Request};

const TEST: &str = r#"{"event":"test_webhook_endpoint"}"#;

#[test]
fn the_test_event_reaches_no_consumer() {
    let local = Local::start(&[]);
    for body in [
        TEST,
        r#"{ "event" : "test_webhook_endpoint" }"#,
        r#"{"event":"test_webhook_endpoint","data":null}"#,
        r#"{"event":"test_webhook_endpoint","data":{}}"#,
    ] {
        let answer = Request::digicert(body).send(&local);
        assert_eq!(answer.accepted(), [""; 0], "{body}");
        assert_eq!(answer.json(), json!({ "accepted": 0, "ids": [] }));
    }
    let good = Request::digicert(event(DIGICERT, 1)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

/// CertCentral may send its test event without the key; every other request without it is refused.
#[test]
fn only_the_bare_test_event_may_come_without_the_key() {
    let local = Local::start(&[]);
    for body in [TEST, "{\n  \"event\": \"test_webhook_endpoint\"\n}\n"] {
        assert_eq!(Request::bare(DIGICERT, body).send(&local).accepted(), [""; 0], "{body}");
    }
    let long = format!("{TEST}{}", " ".repeat(500_000));
    for body in [
        "",
        "{}",
        r#"["test_webhook_endpoint"]"#,
        r#""test_webhook_endpoint""#,
        r#"{"event":["test_webhook_endpoint"]}"#,
        r#"{"event":"test_webhook_endpoint","data":null}"#,
        r#"{"event":"test_webhook_endpoint","data":{}}"#,
        r#"{"event":"test_webhook_endpoint","x":1}"#,
        r#"{"event":"test_webhook_endpoint","event":"test_webhook_endpoint"}"#,
        r#"{"event":"certificate_issued","event":"test_webhook_endpoint"}"#,
        r#"{"event":"test_webhook_endpoint"}x"#,
        r#"{"event":"test_webhook_endpoint"}{}"#,
        r#"{"event":"test_webhook_endpoint"#,
        r#"{"event":"test_webhook_endpoint "}"#,
        r#"{"event":"TEST_WEBHOOK_ENDPOINT"}"#,
        r#"{"Event":"test_webhook_endpoint"}"#,
        r#"{"event":"challenge_webhook_endpoint"}"#,
        r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":2}}"#,
        &long,
    ] {
        let answer = Request::bare(DIGICERT, body).send(&local);
        assert_eq!(answer.status, 401, "{body:.100}");
        answer.refused(401);
    }
    // A key that is sent must be the right one.
    for key in ["", " ", "wrong", &format!("{DIGICERT_KEY},")] {
        Request::bare(DIGICERT, TEST).with(KEY_HEADER, key).send(&local).refused(401);
    }
    for route in [CLOUDFLARE, META] {
        Request::bare(route, TEST).send(&local).refused(401);
    }
    // An event behind all of them is the only one that was queued.
    let id = Request::digicert(event(DIGICERT, 1)).send(&local).accepted_one();
    delivers_only(&local, &[id]);
}

/// An id is an unsigned 64-bit number, written as a number or as a decimal string.
#[test]
fn unusable_ids() {
    let local = Local::start(&[]);
    let unusable = [
        "-1",
        "1.5",
        "-0.5",
        "18446744073709551616",
        "1e30",
        "\"abc\"",
        "\"-1\"",
        "\"1.5\"",
        "\"+7\"",
        "\"0x10\"",
        "\"7 \"",
        "\"18446744073709551616\"",
        "\"../../x\"",
        "\"..%2f..%2fx\"",
        "\"1/../2\"",
        "\"7\\r\\nX: y\"",
        "\"٧\"",
        "\"\"",
        "true",
        "null",
        "[7]",
        "{\"id\":7}",
    ];
    let usable = ["7", "\"8\"", "18446744073709551615", "\"18446744073709551614\""];
    let mut sent = Vec::new();
    for (event, id_name, other_name) in [
        ("certificate_issued", "certificate_id", "order_id"),
        ("certificate_revoked", "order_id", "certificate_id"),
        ("order_rejected", "order_id", "certificate_id"),
    ] {
        let all = unusable.iter().map(|id| (id, "failed")).chain(usable.iter().map(|id| (id, "")));
        for (id, outcome) in all {
            let body =
                format!(r#"{{"event":"{event}","data":{{"{other_name}":1,"{id_name}":{id}}}}}"#);
            sent.push((Request::digicert(&*body).send(&local).accepted_one(), body, outcome));
        }
        let absent = format!(r#"{{"event":"{event}"}}"#);
        sent.push((Request::digicert(&*absent).send(&local).accepted_one(), absent, "failed"));
    }
    // An id that is `null` and missing data are the same event.
    let mut ids: Vec<String> = sent.iter().map(|(id, ..)| id.clone()).collect();
    ids.sort();
    ids.dedup();
    let events = delivers_only(&local, &ids);
    for (id, body, outcome) in sent {
        let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
        let callback = &event["data"]["callback"];
        assert_eq!(callback["outcome"] == "failed", outcome == "failed", "{body} {callback}");
        assert_eq!(callback["reason"] == "unusable_id", outcome == "failed", "{body} {callback}");
        assert_eq!(
            event["data"]["payload"],
            serde_json::from_str::<serde_json::Value>(&body).unwrap()
        );
        let subject = event["subject"].as_str().unwrap();
        assert!(subject.starts_with("digicert/"), "{subject}");
        assert_eq!(subject.split('/').count(), 3, "{subject}");
        assert!(!subject.contains(".."), "{subject}");
    }
}

/// Providers add events; an unknown one is delivered unchanged.
#[test]
fn unknown_event_names() {
    let local = Local::start(&[]);
    let long = "x".repeat(10_000);
    let names =
        ["certificate_exploded", "événement", "a b/c", "x\r\ny: z", "../../x", "-", "\u{0}", &long];
    let sent: Vec<(String, String)> = names
        .into_iter()
        .map(|name| {
            let body = json!({ "event": name, "data": { "order_id": 5, "x": [null] } }).to_string();
            (Request::digicert(&*body).send(&local).accepted_one(), body)
        })
        .collect();
    let ids: Vec<String> = sent.iter().map(|(id, _)| id.clone()).collect();
    let events = delivers_only(&local, &ids);
    for (id, body) in sent {
        let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
        assert_eq!(event["type"], "certhooks.unrecognised");
        assert_eq!(event["data"]["callback"]["outcome"], "not_needed");
        assert_eq!(event["data"]["payload"].to_string(), body);
        for member in ["subject", "source", "type"] {
            let text = event[member].as_str().unwrap();
            assert!(text.len() < 1024 && !text.contains(char::is_control), "{member} {text:?}");
        }
    }
    let known = local.logged(1, |line| line["message"] == "accepted");
    assert_eq!(known[0]["type"], "com.digicert.certcentral.certificate_exploded");
}
