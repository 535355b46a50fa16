use std::fmt::Debug;

use http::HeaderMap;
use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use providers::certspotter::CertspotterReceiver;
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::envelope_builder::fair_queue_group;
use providers::interpretation::Plan;
use providers::meta::MetaReceiver;
use providers::profile::{self, ReceiverVisitor, visit_receivers};
use providers::receiver::{Event, InvalidDocument, WebhookReceiver};
use serde_json::{Map, Value, json};

use crate::support::{events, get, headers, receipt, received, request};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Every [`InvalidDocument`] that is not about a provider's shape.
#[test]
fn bodies_that_are_no_object_are_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep_object = format!("{}1{}", r#"{"event":"#.repeat(200), "}".repeat(200));
    for (body, refusal) in [
        (&b""[..], InvalidDocument::Empty),
        (b" \r\n\t", InvalidDocument::Empty),
        (b"event=certificate_issued", InvalidDocument::NotJson),
        (b"<html></html>", InvalidDocument::NotJson),
        (b"{", InvalidDocument::NotJson),
        (b"{}{}", InvalidDocument::NotJson),
        (b"{\"event\":\"\xff\"}", InvalidDocument::NotJson),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", InvalidDocument::NotJson),
        (b"\xef\xbb\xbf", InvalidDocument::Empty),
        (b"{\"event\":NaN}", InvalidDocument::NotJson),
        (deep.as_bytes(), InvalidDocument::NotJson),
        (deep_object.as_bytes(), InvalidDocument::NotJson),
        (b"[]", InvalidDocument::NotAnObject),
        (b"[{\"event\":\"x\"}]", InvalidDocument::NotAnObject),
        (b"\"certificate_issued\"", InvalidDocument::NotAnObject),
        (b"7", InvalidDocument::NotAnObject),
        (b"null", InvalidDocument::NotAnObject),
    ] {
        visit_receivers(&mut IsRefused { body, refusal });
    }
}

/// RFC 8259 allows numbers and strings that no `f64` and no `String` can hold. An event is not
/// refused for a value that nobody reads.
#[test]
fn what_json_allows_is_kept_as_it_is_written() {
    let body = br#"{"event":"certificate_issued","data":{"certificate_id":1e400,"note":"\ud800"}}"#;
    let events = events::<DigicertReceiver>(body).unwrap();
    assert_eq!(events[0].data.get().as_bytes(), body);
    assert_eq!(dispatch::interpret(&events[0]).unwrap().plan, Plan::UnusableId);
}

#[test]
fn of_repeated_names_the_last_counts() {
    let body = br#"{"event":"x","data":{"certificate_id":1,"certificate_id":2},"event":"certificate_issued"}"#;
    let events = events::<DigicertReceiver>(body).unwrap();
    assert_eq!(events[0].subject, "digicert/certificate/2");
    assert_eq!(events[0].data.get().as_bytes(), body);
}

#[test]
fn a_body_of_ten_megabytes_is_accepted() {
    let body = format!(r#"{{"event":"x","data":"{}"}}"#, "y".repeat(10_000_000));
    let events = events::<DigicertReceiver>(body.as_bytes()).unwrap();
    assert_eq!(events[0].data.get(), body);
}

/// A document of the names that the receivers read, each with any value.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "certificate_transparency",
            "certificate",
            "phishing",
            "certificate_issued",
            "order_approval",
            "domain_validated",
            "challenge_webhook_endpoint",
            "custom_ssl_certificate_event_type",
            "ssl.custom_hostname_certificate.validation.failed",
            "a.example",
            "12",
            "2022-02-09T00:03:28Z",
        ])
        .prop_map(Value::from),
        prop::sample::select(vec![Value::Null]),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "event",
            "data",
            "order_id",
            "certificate_id",
            "certificate_chain",
            "pem",
            "token",
            "webhook_id",
            "metadata",
            "type",
            "zone",
            "id",
            "hostname",
            "ssl",
            "text",
            "alert_type",
            "event_type",
            "validation_errors",
            "verification_errors",
            "hosts",
            "serial_number",
            "object",
            "entry",
            "changes",
            "changed_fields",
            "field",
            "value",
            "time",
            "ct_cert",
            "phishing_domains",
            "phished_domain",
            "created_at",
            "name",
            "domain",
            "organization",
            "not_valid_before",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every event of a receiver is interpreted without a panic, and its subject and group are safe to
/// log and archive.
fn check<R: WebhookReceiver>(body: &[u8]) -> Result<usize, InvalidDocument> {
    let events = received::<R>(body, receipt())?;
    for Event { envelope: event, group, expires } in &events {
        let interpretation = dispatch::interpret(event).unwrap();
        assert_eq!(interpretation.provider, R::PROVIDER);
        assert_eq!(event.subject, interpretation.subject);
        let is_safe = |c: char| !c.is_control() && !c.is_whitespace();
        assert!(event.subject.chars().all(is_safe), "{}", event.subject);
        assert_eq!(event.subject.split('/').count(), 3, "{}", event.subject);
        assert_eq!(*group, fair_queue_group(&event.source));
        assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
        assert!(event.kind.len() <= 200 && event.kind.is_ascii());
        assert_eq!((event.id.len(), event.receivedtime), (64, receipt().at));
        serde_json::to_string(event).unwrap();
        let challenge = interpretation.challenge;
        assert_eq!(*expires, challenge.map(|challenge| challenge.expires));
    }
    Ok(events.len())
}

/// Any receiver of JSON refuses this body.
struct IsRefused<'a> {
    body: &'a [u8],
    refusal: InvalidDocument,
}

impl ReceiverVisitor for IsRefused<'_> {
    fn visit<R: WebhookReceiver>(&mut self) {
        if profile::of(R::PROVIDER).sends_json() {
            let refusal = received::<R>(self.body, receipt()).unwrap_err();
            assert_eq!(refusal, self.refusal, "{}", String::from_utf8_lossy(self.body));
        }
    }
}

/// [`check`] at any receiver. It may be refused.
struct Checked<'a>(&'a [u8]);

impl ReceiverVisitor for Checked<'_> {
    fn visit<R: WebhookReceiver>(&mut self) {
        let _ = check::<R>(self.0);
    }
}

fn stays_whole<R: WebhookReceiver>(body: &[u8]) -> bool
where
    InvalidDocument: Debug,
{
    events::<R>(body).is_ok_and(|events| events[0].data.get().as_bytes() == body.trim_ascii())
}

proptest! {
    #[test]
    fn any_bytes_at_any_receiver(body: Vec<u8>) {
        visit_receivers(&mut Checked(&body));
        let _ = DigicertReceiver::is_open_probe(&request(&HeaderMap::new(), &body));
    }

    #[test]
    fn any_document_at_any_receiver(document in documents()) {
        visit_receivers(&mut Checked(document.to_string().as_bytes()));
    }

    #[test]
    fn any_data_of_a_known_event(data in documents(), more in documents()) {
        for event in ["certificate_issued", "order_rejected", "domain_expired", "organization_expired", "challenge_webhook_endpoint", "x"] {
            let body = json!({"event": event, "data": data, "more": more}).to_string();
            prop_assert_eq!(check::<DigicertReceiver>(body.as_bytes()), Ok(1));
            prop_assert!(stays_whole::<DigicertReceiver>(body.as_bytes()));
        }
        let kind = "ssl.custom_hostname_certificate.renewal.failed";
        let body = json!({"metadata": {"event": {"type": kind}, "zone": more}, "data": data});
        prop_assert_eq!(check::<CloudflareReceiver>(body.to_string().as_bytes()), Ok(1));
        prop_assert!(stays_whole::<CloudflareReceiver>(body.to_string().as_bytes()));
        let changes = json!([{"field": "certificate", "value": data}, {"field": "phishing", "value": data}, data]);
        let body = json!({"object": "certificate_transparency", "entry": [{"id": more, "changes": changes}]});
        prop_assert_eq!(check::<MetaReceiver>(body.to_string().as_bytes()), Ok(3));
        let issuance = json!({"tbs_sha256": data, "dns_names": data, "cert_der": more, "cert": data, "not_before": more});
        let body = json!({"id": more, "endpoints": data, "issuance": issuance});
        prop_assert_eq!(check::<CertspotterReceiver>(body.to_string().as_bytes()), Ok(1));
        prop_assert!(stays_whole::<CertspotterReceiver>(body.to_string().as_bytes()));
    }

    #[test]
    fn any_query(query: String) {
        let secret = MetaReceiver::secret(&r#"{"app_secret":"a","verify_token":"t"}"#.into()).ok().unwrap();
        prop_assert_eq!(MetaReceiver::handshake(&get(&query), &secret), None);
    }

    #[test]
    fn only_the_right_key_passes(key in "[!-~]{1,64}") {
        // What stands in quotes is no key.
        proptest::prop_assume!(!key.starts_with(['\'', '`', '<']));
        let secret = DigicertReceiver::secret(&KEY.into()).ok().unwrap();
        let sent = headers(&[("x-webhook-key", &key)]);
        prop_assert_eq!(DigicertReceiver::verify(&request(&sent, "{}"), &secret), key == KEY);
        let own = DigicertReceiver::secret(&format!("{{\"webhook_key\":{}}}", Value::from(key.repeat(32))).into()).ok().unwrap();
        let sent = headers(&[("x-webhook-key", &key.repeat(32))]);
        prop_assert_eq!(DigicertReceiver::verify(&request(&sent, "{}"), &own), true);
    }
}
