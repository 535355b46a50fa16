use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued, observed, rejected};
use crate::events::all_files;
use crate::harness::{archive, archived, certhooks, events_folder, tail_lines};
use crate::providers::Providers;

/// Redeliveries arrive at the same time, while the first is in progress, and after it.
#[test]
fn an_id_is_delivered_once() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    providers.delay_by(Duration::from_millis(300));
    let events = [issued(401), rejected(402), deployed("z", "h403")];
    let first: Vec<_> = events.iter().map(|event| providers.send_one(&local, event)).collect();
    for _ in 0..3 {
        for (event, id) in events.iter().zip(&first) {
            assert_eq!(providers.send_one(&local, event), *id);
        }
    }
    local.delivered(3);
    for (event, id) in events.iter().zip(&first) {
        assert_eq!(providers.send_one(&local, event), *id);
        local.log_until(id, |lines| {
            lines.iter().any(|line| line["message"].as_str().unwrap().contains("delivered before"))
        });
    }
    assert_eq!(local.delivered(3).len(), 3);
    assert_eq!(providers.requests().total(), 3);
}

/// The same notice is one event on the same day, and would be another one on another day.
#[test]
fn ids_of_formatted_documents_are_the_same() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let event = json!({"event": "domain_expired", "data": {"b": 1, "a": [1, 2]}});
    let id = providers.send_one(&local, &event);
    let other = "{ \"data\": {\"a\":[1,2 ], \"b\":1},\n \"event\": \"domain_expired\"}";
    let other = providers.send_bytes(&local, envelope::Provider::DIGICERT, other.into());
    assert_eq!(other, [id]);
}

#[test]
fn the_event_has_the_trace_of_the_request() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    providers.faults().set([Rule::new("/services/v2", Fault::Reset).times(1)]);
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let id = providers.send_traced(&local, &issued(411), traceparent);
    let event = local.event(&id);
    assert_eq!(event["traceparent"], traceparent);
    assert_eq!(event["data"]["callback"]["attempts"], 2);
    let lines = local.log_of(&id);
    assert!(lines.iter().any(|line| line["traceparent"] == traceparent), "{lines:?}");
}

/// The account has another certificate under this id than came with the event; one that is abbreviated with
/// dots is none.
#[test]
fn an_included_chain_is_compared_with_the_providers() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let file = events_folder().join("digicert/certificate_issued_with_chain.json");
    let whole: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let id = providers.send_one(&local, &whole);
    let event = local.event(&id);
    let callback = json!({"outcome": "downloaded", "attempts": 1, "status": 200});
    assert_eq!(event["data"]["callback"], callback);
    assert_eq!(event["data"]["checks"]["confirmed"]["code"], "differs");
    assert_eq!(event["data"]["verdict"], "failed");
    assert_eq!(providers.requests().total(), 1);

    let elided = "-----BEGIN CERTIFICATE-----\r\n...\r\n-----END CERTIFICATE-----\r\n";
    let mut elided_event = whole;
    elided_event["data"]["certificate_id"] = json!(421);
    for link in elided_event["data"]["certificate_chain"].as_array_mut().unwrap() {
        link["pem"] = json!(elided);
    }
    let id = providers.send_one(&local, &elided_event);
    let event = local.event(&id);
    assert_eq!(event["data"]["callback"]["outcome"], "downloaded");
    assert_eq!(event["data"]["checks"]["confirmed"]["code"], "ok");
    assert_eq!(event["data"]["certificates"][0]["names"]["dns"][0], "www-421.example.com");
}

#[test]
fn events_that_need_no_call_back_make_none() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let mut orphan = deployed("z", "h");
    orphan["data"] = json!({"ssl": {"id": "c1"}, "id": "", "hostname": null});
    let mut deleted = deployed("z", "h");
    deleted["metadata"]["event"]["type"] =
        json!("ssl.custom_hostname_certificate.deletion.succeeded");
    let unknown = json!({"event": "something_new", "data": {"order_id": 1, "certificate_id": 2}});
    let domain = json!({"event": "domain_validated", "data": {"id": 7, "name": "a.example"}});
    for event in [orphan, deleted, unknown, domain] {
        let id = providers.send_one(&local, &event);
        let delivered = local.event(&id);
        assert_eq!(delivered["data"]["callback"]["outcome"], "not_needed", "{event}");
        assert_eq!(delivered["data"]["payload"], event);
    }
    assert_eq!(providers.requests().total(), 0);
}

/// The archive also holds the events whose call-back fails.
#[test]
fn the_envelope_is_archived_before_the_call_back() {
    let providers = Providers::start();
    let local = providers.local(&[("META_DOMAINS", "example.com")]);
    providers.faults().set([Rule::new("/", Fault::KeyRefused)]);
    for (event, provider) in
        [(issued(431), "digicert"), (deployed("z", "h"), "cloudflare"), (observed("432"), "meta")]
    {
        let id = providers.send_one(&local, &event);
        local.retries(&id, 1);
        let envelope: Value = serde_json::from_str(&archived(&local, provider, &id)).unwrap();
        assert_eq!(envelope["data"], event);
        assert!(envelope.get("attempts").is_none(), "the envelope is archived unchanged");
    }
}

/// Only the operator's command shows the token of CertCentral's challenge.
#[test]
fn a_challenge_token_is_printed_and_stored_only_for_the_operator() {
    const TOKEN: &str = "canary-challenge-token";
    let providers = Providers::start();
    let local = providers.local(&[]);
    let state = local.state.path().to_str().unwrap().to_owned();
    let challenge = |more: &[&str]| {
        certhooks(&[], &[&["digicert", "webhook", "challenge", "--state", &state], more].concat())
    };
    assert!(!challenge(&[]).status.success(), "no token is stored yet");

    let data = json!({"token": TOKEN, "webhook_id": 12345});
    let event = json!({"event": "challenge_webhook_endpoint", "data": data});
    let id = providers.send_one(&local, &event);
    assert!(!id.contains(TOKEN));
    local.log_until(&id, |lines| lines.len() >= 2);
    let shown = challenge(&[]);
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains(TOKEN) && text.contains("12345"), "{text}");
    let shown: Value = serde_json::from_slice(&challenge(&["--json"]).stdout).unwrap();
    assert_eq!((&shown["token"], &shown["webhook_id"]), (&TOKEN.into(), &"12345".into()));

    assert_eq!(tail_lines(local.state.path()), Vec::<String>::new());
    assert!(!local.log().join("\n").contains(TOKEN));
    assert!(archive(local.state.path()).is_empty());
    // The only copy is the one in the database that waits for the operator.
    let copies: usize = all_files(local.state.path())
        .into_iter()
        .map(|file| {
            let bytes = fs::read(file).unwrap();
            bytes.windows(TOKEN.len()).filter(|window| *window == TOKEN.as_bytes()).count()
        })
        .sum();
    assert!(copies <= 2, "{copies} copies: in the database and its log, at most");
}
