//! Verified bodies that hold no event, and unusual ones that do.

use serde_json::Value;

use super::{delivers_only, event, json_routes, routes};
use crate::harness::Local;
use crate::wire::{CLOUDFLARE, DIGICERT, META, Request};

/// Part of every refused body; the log must not hold it.
const MARK: &str = "canary-body";

/// An event that also holds objects nested this deep.
fn nested(route: &str, levels: usize) -> String {
    let deep = format!("{}{}", r#"{"a":"#.repeat(levels), "1".to_owned() + &"}".repeat(levels));
    event(route, 1).replacen('{', &format!(r#"{{"deep":{deep},"#), 1)
}

#[test]
fn a_body_that_is_not_a_json_object_is_400_with_the_reason() {
    let local = Local::start(&[]);
    let mut count = 0;
    for route in json_routes() {
        let good = event(route, 1);
        let cut = &good[..good.len() - 1];
        let mut invalid_utf8 = good.replace("example.com", MARK).into_bytes();
        let last_quote = invalid_utf8.iter().rposition(|byte| *byte == b'"').unwrap();
        invalid_utf8.insert(last_quote, 0xff);
        for (body, expected) in [
            (Vec::new(), "empty"),
            (b" \r\n\t ".to_vec(), "empty"),
            (MARK.into(), "not JSON"),
            (format!("<html>{MARK}</html>").into(), "not JSON"),
            (format!("event=certificate_issued&a={MARK}").into(), "not JSON"),
            (cut.into(), "not JSON"),
            (format!("{good}{MARK}").into(), "not JSON"),
            (format!("{good}{good}").into(), "not JSON"),
            (format!("{good},").into(), "not JSON"),
            (format!("{good}\u{feff}").into(), "not JSON"),
            (good.replacen('{', r#"{"a":NaN,"#, 1).into(), "not JSON"),
            (good.replacen('{', r#"{"a":01,"#, 1).into(), "not JSON"),
            (good.replacen('{', &format!("{{'{MARK}':1,"), 1).into(), "not JSON"),
            (good.replacen('{', "{\"a\":\"\r\n\",", 1).into(), "not JSON"),
            (good.replacen('{', r#"{"a":"\x","#, 1).into(), "not JSON"),
            (good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "not JSON"),
            (invalid_utf8, "not JSON"),
            (nested(route, 200).into(), "not JSON"),
            ("[".repeat(100_000).into(), "not JSON"),
            (format!("[{good}]").into(), "object"),
            (format!("\"{MARK}\"").into(), "object"),
            (Value::from(good.as_str()).to_string().into(), "object"),
            (b"null".to_vec(), "object"),
            (b"true".to_vec(), "object"),
            (b"0".to_vec(), "object"),
        ] {
            let answer = Request::to(route, &*body).send(&local);
            let shown = String::from_utf8_lossy(&body);
            assert_eq!(answer.status, 400, "{route} {shown:.100}");
            let detail = answer.refused(400);
            assert!(detail.contains(expected), "{shown:.100}: {detail}");
            assert!(!detail.contains(MARK), "{detail}");
            count += 1;
        }
    }
    let refused = local.logged(count, |line| line["reason"] == "document");
    assert_eq!(refused.len(), count);
    for line in refused {
        assert!(line["provider"].is_string());
        assert!(!line.to_string().contains(MARK), "{line}");
    }
    let good = Request::meta(event(META, 1)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

/// A byte order mark before the body and a slash after the route are taken as not there; a signature covers the
/// bytes that were sent.
#[test]
fn a_byte_order_mark_and_a_slash_at_the_end_change_nothing() {
    let local = Local::start(&[]);
    for route in routes() {
        let id = Request::to(route, event(route, 1)).send(&local).accepted_one();
        let marked = format!("\u{feff}{}", event(route, 1));
        assert_eq!(Request::to(route, marked).send(&local).accepted_one(), id, "{route}");
        let slash = Request::to(route, event(route, 1)).at(&format!("{route}/"));
        assert_eq!(slash.send(&local).accepted_one(), id, "{route}");
        let two = Request::to(route, event(route, 1)).at(&format!("{route}//"));
        assert_eq!(two.send(&local).status, 404, "{route}");
    }
}

#[test]
fn an_object_without_an_event_name_is_400_and_names_the_missing_member() {
    let local = Local::start(&[]);
    for (route, bodies, expected) in [
        (
            DIGICERT,
            &[
                "{}",
                r#"{"data":{"order_id":1,"certificate_id":2}}"#,
                r#"{"event":null,"data":{}}"#,
                r#"{"event":"","data":{}}"#,
                r#"{"event":" ","data":{}}"#,
                r#"{"event":7}"#,
                r#"{"event":["certificate_issued"]}"#,
                r#"{"event":{"name":"certificate_issued"}}"#,
                r#"{"Event":"certificate_issued"}"#,
            ][..],
            "`event`",
        ),
        (
            CLOUDFLARE,
            &[
                "{}",
                r#"{"name":null,"text":null,"data":null,"ts":null,"alert_type":null}"#,
                r#"{"metadata":null,"data":null}"#,
                r#"{"metadata":{"event":null},"data":{"id":"1"}}"#,
                r#"{"metadata":{"event":{"type":null}},"data":{"id":"1"}}"#,
                r#"{"metadata":{"event":{"type":""}},"data":{"id":"1"}}"#,
                r#"{"metadata":{"event":{"type":7}},"data":{"id":"1"}}"#,
                r#"{"metadata":{"event":"ssl.custom_hostname_certificate.issuance.failed"}}"#,
                r#"{"data":{"data":{"id":"1"}},"text":"Hello"}"#,
            ],
            "`metadata.event.type`",
        ),
        (
            META,
            &[
                "{}",
                r#"{"entry":[]}"#,
                r#"{"object":null,"entry":[]}"#,
                r#"{"object":"user","entry":[{"id":"1","changed_fields":["photos"]}]}"#,
                r#"{"object":"Certificate_Transparency","entry":[]}"#,
                r#"{"object":["certificate_transparency"],"entry":[]}"#,
            ],
            "`object`",
        ),
        (
            META,
            &[
                r#"{"object":"certificate_transparency"}"#,
                r#"{"object":"certificate_transparency","entry":null}"#,
                r#"{"object":"certificate_transparency","entry":{"id":"1"}}"#,
                r#"{"object":"certificate_transparency","entry":"1"}"#,
            ],
            "`entry`",
        ),
    ] {
        for body in bodies {
            let detail = Request::to(route, *body).send(&local).refused(400);
            assert!(detail.contains(expected), "{body}: {detail}");
        }
    }
    assert!(local.logged(0, |line| line["message"] == "accepted").is_empty());
}

/// Deep nesting up to the parser's limit, and repeated members, of which the last counts, as for most
/// parsers (RFC 8259, section 4).
#[test]
fn unusual_but_valid() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for route in routes() {
        ids.push(Request::to(route, nested(route, 100)).send(&local).accepted_one());
    }
    let repeated = [
        (
            DIGICERT,
            r#"{"event":"x","event":"certificate_revoked","data":{"order_id":5,"order_id":6,"certificate_id":"a","certificate_id":77}}"#,
            "digicert/certificate/77",
        ),
        (
            CLOUDFLARE,
            r#"{"metadata":{},"metadata":{"event":{"type":"x","type":"ssl.custom_hostname_certificate.deletion.succeeded"}},"data":{"hostname":"a.example.com","hostname":"b.example.com"}}"#,
            "cloudflare/hostname/b.example.com",
        ),
        (
            META,
            r#"{"object":"user","object":"certificate_transparency","entry":[],"entry":[{"id":"1","changes":[{"field":"certificate","field":"other","value":1}]}]}"#,
            "meta/event/other",
        ),
    ]
    .map(|(route, body, subject)| (Request::to(route, body).send(&local).accepted_one(), subject));
    ids.extend(repeated.iter().map(|(id, _)| id.clone()));
    let events = delivers_only(&local, &ids);
    for (id, subject) in repeated {
        let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
        assert_eq!(event["subject"], subject);
    }
}
