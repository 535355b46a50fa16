use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{NOON, later, only, received, with};

fn id<R: WebhookReceiver>(body: impl ToString) -> String {
    only::<R>(body).id
}

fn id_after<R: WebhookReceiver>(body: &Value, wait: Duration) -> String {
    received::<R>(body.to_string(), later(wait)).unwrap().remove(0).envelope.id
}

fn issued(order: Value, certificate: Value) -> Value {
    json!({"event": "certificate_issued", "data": {"order_id": order, "certificate_id": certificate}})
}

/// The expected ids are literal: an id must not change between versions, or redeliveries would
/// count as new events.
#[test]
fn ids_are_stable() {
    let hostname = json!({
        "metadata": {"event": {"type": "ssl.custom_hostname_certificate.issuance.succeeded"}},
        "data": {"hostname": "a.example"},
    });
    let alert = json!({"entry": [{"id": "1", "changed_fields": ["certificate"], "time": 2}], "object": "certificate_transparency"});
    for (id, parts) in [
        (
            id::<DigicertReceiver>(issued(json!(7), json!(8))),
            json!(["digicert", "certificate_issued", "7", "8"]),
        ),
        (
            id::<DigicertReceiver>(json!({"event": "domain_expired", "data": {"b": 1, "a": 2}})),
            json!(["digicert", "domain_expired", r#"{"a":2,"b":1}"#, "20513"]),
        ),
        (
            id::<DigicertReceiver>(
                json!({"event": "challenge_webhook_endpoint", "data": {"webhook_id": 5, "token": "t"}}),
            ),
            json!([
                "digicert",
                "challenge_webhook_endpoint",
                "5",
                "2026-03-01T12:00:00.123456789Z"
            ]),
        ),
        (
            id::<CloudflareReceiver>(hostname),
            json!([
                "cloudflare",
                r#"{"event":{"type":"ssl.custom_hostname_certificate.issuance.succeeded"}}"#,
                r#"{"hostname":"a.example"}"#
            ]),
        ),
        (
            id::<MetaReceiver>(alert),
            json!(["meta", "certificate_transparency", "\"1\"", "2", "certificate", "null"]),
        ),
    ] {
        let parts: Vec<String> = serde_json::from_value(parts).unwrap();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        assert_eq!(id, providers::json::id(&parts), "{parts:?}");
    }
    assert_eq!(
        id::<DigicertReceiver>(issued(json!(12345), json!(23456))),
        "2a1cee8cfb35cf718a213f67c9c41612dbdd196b041bdd15b9e5b66a6380062f"
    );
}

#[test]
fn digicert_ids_are_the_same_as_number_and_as_string() {
    let expected = id::<DigicertReceiver>(issued(json!(123), json!(u64::MAX)));
    for (order, certificate) in
        [(json!("123"), json!(u64::MAX)), (json!("00123"), json!("18446744073709551615"))]
    {
        assert_eq!(id::<DigicertReceiver>(issued(order, certificate)), expected);
    }
    let reordered = r#"{"data":{"certificate_id":18446744073709551615, "x":1, "order_id":9,"order_id":123}, "event":"certificate_issued"}"#;
    assert_eq!(id::<DigicertReceiver>(reordered), expected);
    let days_later =
        id_after::<DigicertReceiver>(&issued(json!(123), json!(u64::MAX)), Duration::days(9));
    assert_eq!(days_later, expected);
}

#[test]
fn digicert_ids_of_different_events_differ() {
    let bodies = [
        issued(json!(1), json!(23)).to_string(),
        issued(json!(12), json!(3)).to_string(),
        issued(json!(1), json!(null)).to_string(),
        issued(json!(1), json!(-23)).to_string(),
        issued(json!(1), json!(23.5)).to_string(),
        issued(json!(1), json!("../../x")).to_string(),
        with(issued(json!(1), json!(23)), &["event"], Some(json!("certificate_revoked"))).to_string(),
        with(issued(json!(1), json!(23)), &["event"], Some(json!("order_rejected"))).to_string(),
        r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":18446744073709551616}}"#.to_owned(),
        r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":18446744073709551617}}"#.to_owned(),
        r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":1e3}}"#.to_owned(),
        r#"{"event":"certificate_issued"}"#.to_owned(),
    ];
    let ids: std::collections::BTreeSet<_> = bodies.iter().map(id::<DigicertReceiver>).collect();
    // An absent id and `null` are the same; each other body is an event of its own.
    assert_eq!(ids.len(), bodies.len());
    let absent = with(issued(json!(1), json!(null)), &["data", "certificate_id"], None);
    assert!(ids.contains(&id::<DigicertReceiver>(absent)));
}

#[test]
fn notices_repeat_by_the_utc_day_and_challenges_always() {
    let notice =
        json!({"event": "domain_revalidation_notice", "data": {"domain_id": 1, "more": [1.0]}});
    let first = id_after::<DigicertReceiver>(&notice, Duration::ZERO);
    let to_midnight = Duration::hours(12) - Duration::nanoseconds(i64::from(NOON.nanosecond()) + 1);
    assert_eq!(id_after::<DigicertReceiver>(&notice, to_midnight), first);
    assert_ne!(
        id_after::<DigicertReceiver>(&notice, to_midnight + Duration::nanoseconds(1)),
        first
    );
    assert_eq!(id_after::<DigicertReceiver>(&notice, -Duration::hours(12)), first);
    let other =
        json!({"event": "domain_revalidation_notice", "data": {"domain_id": 2, "more": [1.0]}});
    assert_ne!(id::<DigicertReceiver>(other), first);

    let challenge = |token| json!({"event": "challenge_webhook_endpoint", "data": {"webhook_id": 1, "token": token}});
    let first = id_after::<DigicertReceiver>(&challenge("a"), Duration::ZERO);
    assert_eq!(id_after::<DigicertReceiver>(&challenge("b"), Duration::ZERO), first);
    assert_ne!(id_after::<DigicertReceiver>(&challenge("a"), Duration::NANOSECOND), first);
}

#[test]
fn cloudflare_ids_are_of_the_inner_document() {
    let bare = json!({
        "metadata": {"event": {"id": "w", "type": "ssl.custom_hostname_certificate.validation.failed", "created_at": null}, "zone": {"id": "z"}},
        "data": {"id": "h", "hostname": "a.example", "ssl": {"serial_number": "1"}},
    });
    let wrapped = |ts: u32, policy: &str| json!({"ts": ts, "policy_id": policy, "text": "…", "alert_type": "custom_ssl_certificate_event_type", "data": bare});
    let expected = id::<CloudflareReceiver>(&bare);
    assert_eq!(id::<CloudflareReceiver>(wrapped(1, "a")), expected);
    assert_eq!(id::<CloudflareReceiver>(wrapped(2, "b")), expected);
    assert_eq!(id_after::<CloudflareReceiver>(&bare, Duration::days(2)), expected);
    let changed = with(bare.clone(), &["data", "ssl", "serial_number"], Some(json!("2")));
    assert_ne!(id::<CloudflareReceiver>(changed), expected);

    // Of another kind, too, the notification around the data makes no difference.
    let other =
        |ts: u32, data: Value| json!({"ts": ts, "alert_type": "another_kind", "data": data});
    let same = id::<CloudflareReceiver>(other(1, json!({"same": true})));
    assert_eq!(same, id::<CloudflareReceiver>(other(2, json!({"same": true}))));
    assert_ne!(same, id::<CloudflareReceiver>(other(1, json!({"same": false}))));
}

#[test]
fn meta_ids_are_of_entry_field_and_value() {
    let alert = |entry: Value| json!({"object": "certificate_transparency", "entry": [entry]});
    let change = |value: Value| json!({"id": "1", "time": 2, "changes": [{"field": "phishing", "value": value}]});
    let expected = id::<MetaReceiver>(alert(change(json!({"a": 1, "b": 2}))));
    let same = r#"{"entry":[{"changes":[{"value":{"b": 2,"a" :1},"field":"phishing","more":0}],"time":2,"id":"1"}],"object":"certificate_transparency","x":1}"#;
    assert_eq!(id::<MetaReceiver>(same), expected);
    for other in [
        change(json!({"a": 1, "b": 3})),
        with(change(json!({"a": 1, "b": 2})), &["id"], Some(json!("2"))),
        with(change(json!({"a": 1, "b": 2})), &["time"], Some(json!(3))),
        json!({"id": "1", "time": 2, "changed_fields": ["phishing"]}),
        json!({"id": "1", "time": 2, "changed_fields": ["certificate"]}),
        json!({"id": "1", "time": 2}),
    ] {
        assert_ne!(id::<MetaReceiver>(alert(other)), expected);
    }
}
