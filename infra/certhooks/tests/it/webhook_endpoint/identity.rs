//! The envelope: its id (infra/docs/architecture.md, "Ids") and its other attributes. The tests read it
//! from the archive, which keeps it unchanged.

use std::time::Duration;

use serde_json::{Value, json};

use super::{delivers_only, event};
use crate::harness::{Local, archived, events_folder, tail};
use crate::wire::{CLOUDFLARE, DIGICERT, META, Request};

/// Formatting does not change an id; a difference in its parts does.
#[test]
fn ids_of_digicert() {
    let local = Local::start(&[]);
    let id = |body: &str| Request::digicert(body).send(&local).accepted_one();
    let mut different = Vec::new();
    for same in [
        &[
            r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":2}}"#,
            r#"{ "data":{"certificate_id":2,"order_id":1}, "event":"certificate_issued"}"#,
            r#"{"event":"certificate_issued","data":{"order_id":"1","certificate_id":"2"}}"#,
            r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":2,"certificate_chain":[]}}"#,
        ][..],
        &[r#"{"event":"certificate_issued","data":{"order_id":2,"certificate_id":1}}"#],
        &[r#"{"event":"certificate_issued","data":{"order_id":12,"certificate_id":null}}"#],
        &[r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":3}}"#],
        &[r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":"x"}}"#],
        &[
            r#"{"event":"certificate_revoked","data":{"order_id":1,"certificate_id":2}}"#,
            r#"{"event":"certificate_revoked","data":{"order_id":1,"certificate_id":2,"x":1}}"#,
        ],
        &[r#"{"event":"order_rejected","data":{"order_id":1,"certificate_id":2}}"#],
        &[
            r#"{"event":"domain_expired","data":{"domain_id":1,"domain_name":"example.com"}}"#,
            r#"{"data":{"domain_name":"example.com","domain_id": 1},"event":"domain_expired"}"#,
            r#"{"event":"domain_expired","data":{"domain_id":1,"domain_name":"ex\u0061mple.com"}}"#,
        ],
        &[r#"{"event":"domain_expired","data":{"domain_id":1,"domain_name":"example.org"}}"#],
        &[r#"{"event":"domain_validated","data":{"domain_id":1,"domain_name":"example.com"}}"#],
        &[
            r#"{"event":"new_one","data":{"a":1,"b":2}}"#,
            r#"{"event":"new_one","data":{"b":2,"a":1}}"#,
        ],
        &[r#"{"event":"new_one","data":{"a":2,"b":1}}"#],
        &[r#"{"event":"new_one","data":{"a":[1,2]}}"#],
        &[r#"{"event":"new_one","data":{"a":[2,1]}}"#],
    ] {
        let ids: Vec<String> = same.iter().map(|body| id(body)).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{same:?}");
        assert!(!different.contains(&ids[0]), "{same:?}");
        different.push(ids[0].clone());
    }
    assert!(different.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
}

/// Each challenge has an id of its own, and no id or log line holds its token.
#[test]
fn ids_of_challenges() {
    let local = Local::start(&[]);
    let challenge = |token: &str| {
        let data = json!({ "token": token, "webhook_id": 9 });
        let body = json!({ "event": "challenge_webhook_endpoint", "data": data }).to_string();
        Request::digicert(body).send(&local).accepted_one()
    };
    let first = challenge("canary-token");
    std::thread::sleep(Duration::from_millis(2));
    assert_ne!(challenge("canary-token"), first);
    local.settle();
    assert!(tail(local.state.path()).is_empty());
    // The log has been read up to here when it has the line of a later event.
    let later = Request::digicert(event(DIGICERT, 1)).send(&local).accepted_one();
    local.logged(1, |line| line["id"] == later);
    assert!(local.logged(0, |line| line.to_string().contains("canary-token")).is_empty());
}

#[test]
fn ids_of_meta() {
    let local = Local::start(&[]);
    let id = |entry: Value| {
        let body = json!({ "object": "certificate_transparency", "entry": [entry] }).to_string();
        Request::meta(body).send(&local).accepted_one()
    };
    let change = |field: &str, value: Value| json!([{ "field": field, "value": value }]);
    let all = [
        json!({ "id": "1", "time": 1, "changes": change("a", json!(1)) }),
        json!({ "id": "2", "time": 1, "changes": change("a", json!(1)) }),
        json!({ "id": "1", "time": 2, "changes": change("a", json!(1)) }),
        json!({ "id": "1", "time": 1, "changes": change("b", json!(1)) }),
        json!({ "id": "1", "time": 1, "changes": change("a", json!(2)) }),
        json!({ "id": "1", "time": 1, "changes": change("a", json!({ "b": 1, "a": 2 })) }),
        json!({ "id": "1", "time": 1, "changed_fields": ["b"] }),
    ];
    let mut ids = all.each_ref().map(|entry| id(entry.clone()));
    let again = all.map(id);
    assert_eq!(ids, again);
    ids.sort();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
}

#[test]
fn the_attributes_of_an_envelope() {
    let local = Local::start(&[]);
    let zone = "/cloudflare/zones/023e105f4ecef8ad9ca31a8372d0c353";
    let family = "com.cloudflare.ssl.custom_hostname_certificate.";
    let (digicert, meta) = ("/digicert/certcentral", "/meta/certificate-transparency");
    for (route, file, kind, source, subject, time) in [
        (
            DIGICERT,
            "digicert/certificate_issued.json",
            "com.digicert.certcentral.certificate_issued",
            digicert,
            "digicert/certificate/23456",
            None,
        ),
        (
            DIGICERT,
            "digicert/organization_expired.json",
            "com.digicert.certcentral.organization_expired",
            digicert,
            "digicert/organization/117483",
            None,
        ),
        (
            CLOUDFLARE,
            "cloudflare/issuance_succeeded.json",
            &format!("{family}issuance.succeeded"),
            zone,
            "cloudflare/hostname/blog.example.com",
            Some("2022-02-09T00:03:28.385080Z"),
        ),
        (
            CLOUDFLARE,
            "cloudflare/deployment_succeeded_orphan.json",
            &format!("{family}deployment.succeeded"),
            zone,
            "cloudflare/certificate/3f2c8a1d9b7e4605a1c2d3e4f5061728",
            Some("2022-02-09T00:03:28.385080Z"),
        ),
        (
            META,
            "meta-ct/phishing.json",
            "com.facebook.certificate_transparency.phishing",
            meta,
            "meta/domain/example.com",
            Some("2018-04-26T17:13:58.000000Z"),
        ),
    ] {
        let body = std::fs::read_to_string(events_folder().join(file)).unwrap();
        let id = Request::to(route, &*body).send(&local).accepted_one();
        local.settle();
        let text = archived(&local, source.split('/').nth(1).unwrap(), &id);
        let envelope: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "specversion": "1.0", "id": id, "type": kind, "source": source, "subject": subject,
            "datacontenttype": "application/json",
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&envelope[name], value, "{file} {name}");
        }
        assert!(envelope["dataschema"].as_str().unwrap().ends_with('1'), "{envelope}");
        let time = time.map_or(&envelope["receivedtime"], |time| {
            assert_eq!(envelope["time"], time, "{file}");
            &envelope["time"]
        });
        assert_eq!(&envelope["time"], time, "{file}");
        if route != META {
            assert!(text.contains(&format!(r#""data":{}"#, body.trim_ascii())), "{file}: {text}");
        }
    }
}

/// The trace context is the sender's, else a new one, and stays with the event until its delivery
/// (<https://www.w3.org/TR/trace-context/>).
#[test]
fn one_trace_from_webhook_endpoint_to_delivery() {
    let local = Local::start(&[]);
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut ids = Vec::new();
    for (number, header) in (0_u64..).zip([Some(given), Some("00-zz-1-01"), None]) {
        let request = Request::digicert(event(DIGICERT, number));
        let request = header.map_or(request.clone(), |header| request.with("traceparent", header));
        ids.push(request.send(&local).accepted_one());
    }
    let events = delivers_only(&local, &ids);
    let traces: Vec<&str> = ids
        .iter()
        .map(|id| {
            let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
            event["traceparent"].as_str().unwrap()
        })
        .collect();
    assert_eq!(traces[0], given);
    assert!(traces[1..].iter().all(|trace| trace.len() == given.len()), "{traces:?}");
    assert!(traces[1] != traces[2] && !traces[1..].contains(&given), "{traces:?}");
    for (id, trace) in ids.iter().zip(traces) {
        let lines = local.logged(2, |line| line["id"] == id.as_str());
        assert!(lines.iter().all(|line| line["traceparent"] == trace), "{lines:?}");
    }
}
