use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::canned::Canned;
use crate::documents::{deployed, issued, observed, phishing, rejected};
use crate::providers::Providers;

fn assert_callback(event: &Value, expected: &Value, what: &str) {
    let callback = &event["data"]["callback"];
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(callback[name], *value, "{what}: {callback}");
    }
}

/// The answer is complete, but not a certificate.
#[test]
fn a_bad_certificate_is_delivered_after_three_attempts() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let faults = [(Fault::GarbageArmour, 200)];
    for (number, (fault, _)) in faults.iter().enumerate() {
        let path = format!("/services/v2/certificate/{}/", 7001 + number);
        providers.faults().add(Rule::new(path, fault.clone()));
    }
    let ids: Vec<_> = (0..faults.len() as u64)
        .map(|number| providers.send_one(&local, &issued(7001 + number)))
        .collect();
    for (number, (fault, status)) in faults.iter().enumerate() {
        let event = local.event(&ids[number]);
        let expected = json!({
            "outcome": "failed", "reason": "bad_certificate", "attempts": 3, "status": status,
        });
        assert_callback(&event, &expected, &format!("{fault:?}"));
        assert_eq!(event["data"]["certificates"], json!([]));
        assert!(event["data"]["pem_chain"].is_null());
        assert_eq!(providers.seen(&format!("/certificate/{}/", 7001 + number)).len(), 3);
    }
}

/// These are a 4xx that will not change, and an object that no longer exists.
#[test]
fn permanent_errors_are_delivered_at_once() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    for path in ["/services/v2/certificate/7101/", "/services/v2/order/certificate/7102"] {
        providers.faults().add(Rule::new(path, Fault::MissingPermission));
    }
    let failed = |reason: &str, status: u16| json!({"outcome": "failed", "reason": reason, "attempts": 1, "status": status});
    let table = [
        (issued(7101), failed("forbidden", 403)),
        (rejected(7102), failed("forbidden", 403)),
        // The simulator has no order 0.
        (rejected(0), failed("not_found", 404)),
        (deployed("z", "gone1"), json!({"outcome": "gone", "attempts": 1, "status": 404})),
    ];
    for (event, expected) in table {
        let id = providers.send_one(&local, &event);
        assert_callback(&local.event(&id), &expected, &event.to_string());
        assert_eq!(local.retries(&id, 0), Vec::<Value>::new());
    }
}

/// It is retried for ten minutes after the receipt of the event.
#[test]
fn a_certificate_that_is_not_found_right_after_its_event_is_retried() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let id = providers.send_one(&local, &issued(0));
    let retries = local.retries(&id, 1);
    assert_eq!((&retries[0]["reason"], &retries[0]["status"]), (&"not_ready".into(), &404.into()));
}

#[test]
fn a_retired_graph_is_gone() {
    let settings = simulator::Settings { retired: true, ..simulator::Settings::default() };
    let providers = Providers::start_with(settings);
    let gone = json!({"outcome": "gone", "reason": "retired", "status": 400});
    for variables in [&[("META_DOMAINS", "a.example,b.example")][..], &[("META_APP_ID", "77")]] {
        let local = providers.local(variables);
        for event in [observed("123"), phishing("123", &["evil.example"])] {
            let id = providers.send_one(&local, &event);
            assert_callback(&local.event(&id), &gone, &format!("{variables:?} {event}"));
            assert_eq!(local.retries(&id, 0), Vec::<Value>::new());
        }
    }
}

#[test]
fn unusable_ids_make_no_call_back() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let ids = [
        json!("abc"),
        json!(""),
        json!(-1),
        json!(1.5),
        json!("../../x"),
        json!("18446744073709551616"),
        json!(18_446_744_073_709_551_616_f64),
        json!("1 2"),
        json!("+1"),
        json!("0x10"),
        json!(null),
        json!([1]),
        json!(true),
    ];
    let documents = ids.iter().flat_map(|id| {
        let data = json!({"order_id": id, "certificate_id": id});
        ["certificate_issued", "certificate_revoked", "order_rejected"]
            .map(|event| json!({"event": event, "data": data}))
    });
    let hostnames = ["../../x", "a/b", "a%2fb", "a?b", "a\r\nb", "ä"];
    let hostnames = hostnames.iter().map(|id| deployed("z", id));
    let zones = ["..", "a/b", "a#b"].iter().map(|zone| deployed(zone, "h1"));
    for event in documents.chain(hostnames).chain(zones) {
        let id = providers.send_one(&local, &event);
        let expected = json!({"outcome": "failed", "reason": "unusable_id", "attempts": 0});
        assert_callback(&local.event(&id), &expected, &event.to_string());
    }
    assert_eq!(providers.requests().total(), 0, "{:?}", providers.requests().recent());
}

/// A 64-bit number may be written as a number or as a string.
#[test]
fn the_largest_id_is_usable_as_number_and_as_text() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    for id in [json!(u64::MAX), json!(u64::MAX.to_string()), json!(9), json!("8")] {
        let event =
            json!({"event": "certificate_issued", "data": {"order_id": 1, "certificate_id": id}});
        let sent = providers.send(&local, &event).remove(0);
        let event = local.event(&sent);
        assert_callback(&event, &json!({"outcome": "downloaded", "attempts": 1}), &id.to_string());
        let number: u64 = id.as_str().map_or(id.as_u64(), |text| text.parse().ok()).unwrap();
        assert_eq!(event["subject"], format!("digicert/certificate/{number}"));
        assert_eq!(event["data"]["identifiers"]["certificate_id"], number.to_string());
    }
}

/// A page or a redirect where a certificate was due says nothing about it, and the redirect is not
/// followed.
#[test]
fn a_page_instead_of_a_certificate_is_tried_again() {
    let elsewhere = Canned::start(|_| (200, String::new()));
    let providers = Providers::start();
    let local = providers.local(&[]);
    let location = format!("http://{}/certificate", elsewhere.address);
    for (id, fault) in [(7101, Fault::Html), (7102, Fault::Redirect { location })] {
        let path = format!("/services/v2/certificate/{id}/");
        providers.faults().add(Rule::new(path, fault.clone()).times(1));
        let event = local.event(&providers.send_one(&local, &issued(id)));
        let expected = json!({"outcome": "downloaded", "attempts": 2, "status": 200});
        assert_callback(&event, &expected, &format!("{fault:?}"));
    }
    assert_eq!(elsewhere.targets(), Vec::<String>::new(), "the redirect was followed");
}
