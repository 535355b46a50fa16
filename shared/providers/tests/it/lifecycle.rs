use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::lifecycle::Lifecycle;
use providers::profile;
use providers::receiver::WebhookReceiver;
use serde_json::{Value, json};

use crate::support::{NOON, only, with};

fn of<R: WebhookReceiver>(body: &Value) -> Option<(String, Option<i64>)> {
    let envelope = only::<R>(body);
    let interpretation = dispatch::interpret(&envelope).unwrap();
    let row = dispatch::row(&profile::ALL, &envelope).unwrap();
    let lifecycle = row.lifecycle_of(&envelope, &interpretation);
    lifecycle.map(|Lifecycle { certificate, rank }| (certificate, rank))
}

fn digicert(event: &str, data: &Value) -> Option<(String, Option<i64>)> {
    of::<DigicertReceiver>(&json!({"event": event, "data": data}))
}

#[test]
fn certcentral_certificates_are_issued_before_they_end() {
    let data = json!({"order_id": 1, "certificate_id": 77});
    let of = |event| digicert(event, &data).unwrap();
    let [issued, revoked, rejected] =
        ["certificate_issued", "certificate_revoked", "order_rejected"].map(of);
    assert_eq!(issued.0, "digicert/certificate/77");
    assert_eq!((&revoked.0, &rejected.0), (&issued.0, &issued.0));
    assert!(issued.1.is_some() && issued.1 < revoked.1 && issued.1 < rejected.1);
}

#[test]
fn events_that_name_no_certificate_have_no_rank() {
    let order = Some(("digicert/order/1".to_owned(), None));
    let (named, nameless) = (json!({"order_id": 1}), json!({"certificate_id": "x"}));
    for (event, data, expected) in [
        ("certificate_issued", &named, &order),
        ("certificate_revoked", &named, &order),
        ("order_rejected", &named, &order),
        ("order_approval_email_sent", &json!({"order_id": 1, "certificate_id": 7}), &order),
        ("certificate_issued", &nameless, &None),
        ("domain_validated", &json!({"order_id": 1, "domain_id": 2}), &None),
        ("organization_expired", &json!({"organization_id": 2}), &None),
        ("certificate_renewed", &json!({"order_id": 1, "certificate_id": 7}), &None),
    ] {
        assert_eq!(digicert(event, data), *expected, "{event} {data}");
    }
}

fn document() -> Value {
    let event = "ssl.custom_hostname_certificate.issuance.succeeded";
    json!({
        "metadata": {
            "event": {"id": "w", "type": event, "created_at": "2022-02-09T00:03:28.385080Z"},
            "zone": {"id": "Z1"},
        },
        "data": {"id": "h1", "hostname": "A.example", "ssl": {"id": "c1"}},
    })
}

#[test]
fn cloudflare_by_its_time_and_zone() {
    const TIME: &[&str] = &["metadata", "event", "created_at"];
    let created = 1_644_365_008_385_080;
    let noon = i64::try_from(NOON.unix_timestamp_nanos() / 1000).unwrap();
    let hostname = "cloudflare/zone/z1/hostname/a.example";
    for (path, value, expected) in [
        (TIME, json!("2022-02-09T00:03:28.385080Z"), Some((hostname, created))),
        (TIME, Value::Null, Some((hostname, noon))),
        // The provider's clock is ahead.
        (TIME, json!("2999-01-01T00:00:00Z"), Some((hostname, noon))),
        (&["metadata", "zone"], Value::Null, Some(("cloudflare/hostname/a.example", created))),
        (&["data", "hostname"], Value::Null, Some(("cloudflare/certificate/c1", created))),
        (&["data"], json!({}), None),
        (&["data", "hostname"], json!("\u{1f600}".repeat(255)), None),
        (
            &["metadata", "event", "type"],
            json!("ssl.custom_hostname_certificate.migration.succeeded"),
            None,
        ),
    ] {
        let document = with(document(), path, Some(value.clone()));
        let expected = expected.map(|(certificate, rank)| (certificate.to_owned(), Some(rank)));
        assert_eq!(of::<CloudflareReceiver>(&document), expected, "{path:?} {value}");
    }
}
