use envelope::EventType;
use providers::cloudflare::CloudflareDoor;
use providers::door::Refusal;
use providers::reading::{self, Plan};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::support::{NOON, events, only, read, with};

const FAMILY: &str = "ssl.custom_hostname_certificate.";

fn document(step: &str) -> Value {
    json!({
        "metadata": {
            "event": {"id": "w", "type": format!("{FAMILY}{step}"), "created_at": "2022-02-09T00:03:28.385080Z"},
            "account": {"id": "a1"},
            "zone": {"id": "z-1"},
        },
        "data": {"id": "h_1", "hostname": "a.example", "ssl": {"id": "c1", "status": "active"}},
    })
}

fn details() -> Plan {
    Plan::Details { zone_id: "z-1".into(), hostname_id: "h_1".into() }
}

#[test]
fn the_envelope() {
    let body = document("issuance.succeeded");
    let envelope = only::<CloudflareDoor>(&body);
    assert_eq!(envelope.kind, "com.cloudflare.ssl.custom_hostname_certificate.issuance.succeeded");
    assert_eq!(envelope.source, "/cloudflare/zones/z-1");
    assert_eq!(envelope.subject, "cloudflare/hostname/a.example");
    assert_eq!(envelope.time, datetime!(2022-02-09 00:03:28.385080 UTC));
    assert_eq!(envelope.receivedtime, NOON);
    assert_eq!(envelope.data.get(), body.to_string());
}

#[test]
fn every_event_has_its_place() {
    for (step, kind, plan) in [
        ("validation.succeeded", EventType::DomainValidated, details()),
        ("validation.failed", EventType::DomainValidationFailed, details()),
        ("issuance.succeeded", EventType::CertificateIssued, details()),
        ("issuance.failed", EventType::CertificateIssuanceFailed, details()),
        ("deployment.succeeded", EventType::CertificateDeployed, details()),
        ("deployment.failed", EventType::CertificateDeploymentFailed, details()),
        ("deletion.succeeded", EventType::CertificateDeleted, Plan::NotNeeded),
        ("deletion.failed", EventType::CertificateDeletionFailed, details()),
        (
            "renewal.upcoming_certificate_expiration_notification",
            EventType::CertificateExpiring,
            details(),
        ),
        ("renewal.succeeded", EventType::CertificateRenewed, details()),
        ("renewal.failed", EventType::CertificateRenewalFailed, details()),
        ("migration.succeeded", EventType::Unrecognised, Plan::NotNeeded),
    ] {
        let bare = document(step);
        let wrapped =
            json!({"alert_type": "custom_ssl_certificate_event_type", "text": "t", "data": bare});
        let untyped = json!({"name": "n", "text": "t", "data": bare, "ts": 1, "alert_type": null});
        for body in [bare, wrapped, untyped] {
            let reading = read::<CloudflareDoor>(&body);
            assert_eq!((reading.kind, reading.plan), (kind, plan.clone()), "{body}");
            assert_eq!(reading.event, format!("{FAMILY}{step}"));
            assert_eq!(reading.subject, "cloudflare/hostname/a.example");
            let expected = json!({
                "hostname": "a.example", "hostname_id": "h_1", "zone_id": "z-1", "account_id": "a1",
                "certificate_id": "c1",
            });
            assert_eq!(Value::Object(reading.identifiers), expected);
        }
    }
}

/// Every member in turn is null, empty, missing, or of another type: it is always an event, and only
/// the ids decide on the call-back.
#[test]
fn every_member_may_be_anything() {
    let ids: [&[&str]; 2] = [&["metadata", "zone", "id"], &["metadata", "zone"]];
    let hostname: [&[&str]; 2] = [&["data", "id"], &["data"]];
    for path in [
        &["metadata", "event", "id"][..],
        &["metadata", "event", "created_at"],
        &["metadata", "account"],
        &["metadata", "account", "id"],
        &["metadata", "zone"],
        &["metadata", "zone", "id"],
        &["data"],
        &["data", "id"],
        &["data", "hostname"],
        &["data", "ssl"],
        &["data", "ssl", "id"],
        &["data", "ssl", "status"],
    ] {
        let values = [
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!(7),
            json!(true),
            json!("../../x\r\n"),
        ];
        for value in values.into_iter().map(Some).chain([None]) {
            let body = with(document("issuance.succeeded"), path, value.clone());
            let envelope = only::<CloudflareDoor>(&body);
            let reading = reading::read(&envelope).unwrap();
            assert_eq!(reading.kind, EventType::CertificateIssued, "{body}");
            let is_orphan = hostname.contains(&path)
                && (path == ["data"] || value.as_ref().is_none_or(|v| v.is_null() || v == ""));
            let expected = match () {
                () if is_orphan => Plan::NotNeeded,
                () if ids.contains(&path) || hostname.contains(&path) => Plan::UnusableId,
                () => details(),
            };
            assert_eq!(reading.plan, expected, "{body}");
            if ids.contains(&path) {
                assert_eq!(envelope.source, "/cloudflare");
            }
        }
    }
}

#[test]
fn an_event_needs_a_name() {
    let type_path = ["metadata", "event", "type"];
    for value in [
        None,
        Some(json!(null)),
        Some(json!("")),
        Some(json!(" ")),
        Some(json!(7)),
        Some(json!({})),
    ] {
        let body = with(document("issuance.succeeded"), &type_path, value);
        assert!(matches!(
            events::<CloudflareDoor>(&body.to_string()),
            Err(Refusal::NoEventName(_))
        ));
    }
    for body in [
        "{}",
        r#"{"text":7}"#,
        r#"{"text":""}"#,
        r#"{"text":"t","data":{}}"#,
        r#"{"text":"t","metadata":{}}"#,
        r#"{"text":"t","alert_type":7}"#,
        r#"{"data":{"metadata":{"event":"x"}}}"#,
    ] {
        assert!(matches!(events::<CloudflareDoor>(body), Err(Refusal::NoEventName(_))), "{body}");
    }
}

/// Both wordings were seen; neither matters.
#[test]
fn the_test_message_is_known_by_its_shape() {
    for body in [
        r#"{"text":"Hello World! Your webhook is configured properly."}"#,
        "{\"text\":\"configured correctly.\"}\n",
        r#"{"text":"anything","name":"x","ts":1}"#,
        r#"{"text":"anything","data":null,"alert_type":null}"#,
    ] {
        assert!(events::<CloudflareDoor>(body).unwrap().is_empty(), "{body}");
    }
}

#[test]
fn notifications_of_another_kind() {
    let inner = with(document("x"), &["metadata", "event", "type"], Some(json!("ssl.other.x")));
    for (body, event, subject) in [
        (
            json!({"alert_type": "expiring_service_token_alert", "text": "t"}),
            "expiring_service_token_alert",
            "cloudflare/alert/expiring_service_token_alert",
        ),
        (
            json!({"alert_type": "universal_ssl_event_type", "data": inner}),
            "universal_ssl_event_type",
            "cloudflare/alert/universal_ssl_event_type",
        ),
        (
            json!({"alert_type": "odd/kind\n", "data": 7}),
            "odd/kind\n",
            "cloudflare/alert/odd%2Fkind%0A",
        ),
        (
            json!({"alert_type": "custom_ssl_certificate_event_type", "data": {"x": 1}}),
            "custom_ssl_certificate_event_type",
            "cloudflare/alert/custom_ssl_certificate_event_type",
        ),
        (inner, "ssl.other.x", "cloudflare/hostname/a.example"),
    ] {
        let reading = read::<CloudflareDoor>(&body);
        assert_eq!((reading.event.as_str(), reading.subject.as_str()), (event, subject));
        assert_eq!((reading.kind, reading.plan), (EventType::Unrecognised, Plan::NotNeeded));
    }
    let kind = only::<CloudflareDoor>(json!({"alert_type": "odd/kind\n"})).kind;
    assert_eq!(kind, "com.cloudflare.odd_kind_");
    // A new name of the notification does not hide an event that is known.
    let renamed = json!({"alert_type": "custom_hostnames_v2", "data": document("issuance.failed")});
    assert_eq!(read::<CloudflareDoor>(renamed).kind, EventType::CertificateIssuanceFailed);
}

#[test]
fn the_flat_shape() {
    let body = json!({"name": "n", "data": {
        "event_type": "ssl.custom_hostname_certificate.validation.failed", "id": "h", "hostname": "a.example",
        "status": "pending_validation", "validation_errors": [{"message": "caa_error"}], "cname": "x",
    }});
    let reading = read::<CloudflareDoor>(body);
    assert_eq!(reading.kind, EventType::DomainValidationFailed);
    assert_eq!(reading.plan, Plan::UnusableId);
    assert_eq!(reading.problems, ["caa_error"]);
    assert_eq!(reading.dcv, Some(json!({"cname": "x"})));
}

#[test]
fn orphans_are_named_by_their_certificate() {
    let mut body = with(document("deployment.failed"), &["data", "id"], None);
    body = with(body, &["data", "hostname"], None);
    let reading = read::<CloudflareDoor>(&body);
    assert_eq!(
        (reading.subject.as_str(), reading.plan),
        ("cloudflare/certificate/c1", Plan::NotNeeded)
    );
    let unnamed = read::<CloudflareDoor>(with(body, &["data", "ssl"], Some(json!(null))));
    assert_eq!(unnamed.subject, "cloudflare/certificate/unknown");
}

#[test]
fn a_hostname_cannot_end_a_line_or_a_segment() {
    let body =
        with(document("issuance.succeeded"), &["data", "hostname"], Some(json!("a\r\nb: c/../d")));
    let envelope = only::<CloudflareDoor>(body);
    assert_eq!(envelope.subject, "cloudflare/hostname/a%0D%0Ab:%20c%2F..%2Fd");
}

#[test]
fn the_time_of_the_event() {
    for (created_at, time) in [
        (json!("2022-02-09T02:03:28+02:00"), datetime!(2022-02-09 00:03:28 UTC)),
        (json!("2022-02-09"), NOON),
        (json!(1_644_364_800), NOON),
        (json!("0000-01-01T00:00:00+23:59"), NOON),
        (json!("9999-12-31T23:59:59-23:59"), NOON),
        (json!(null), NOON),
    ] {
        let body = with(
            document("issuance.succeeded"),
            &["metadata", "event", "created_at"],
            Some(created_at),
        );
        assert_eq!(only::<CloudflareDoor>(body).time, time);
    }
}

#[test]
fn what_the_event_tells() {
    let ssl = json!({
        "id": "c1", "hosts": ["a.example", "b.example"], "issuer": "DigiCertInc",
        "serial_number": "1001172778337169491", "signature": "ECDSAWithSHA256",
        "uploaded_on": "2021-11-17T04:33:54.561747Z", "expires_on": "2022-11-21T12:00:00Z",
        "cname": "_ca3.a.example", "cname_target": "dcv.digicert.com", "txt_name": "", "http_url": null,
        "validation_records": [], "validation_errors": [{"message": "caa_error: a.example"}, "plain", {}, 7],
    });
    let body = with(document("renewal.failed"), &["data", "ssl"], Some(ssl));
    let errors = json!(["None of the A records …", {"message": "m"}]);
    let body = with(body, &["data", "verification_errors"], Some(errors));
    let ownership = json!({"type": "txt", "name": "n", "value": "v"});
    let body = with(body, &["data", "ownership_verification"], Some(ownership.clone()));
    let reading = read::<CloudflareDoor>(body);
    assert_eq!(reading.problems, ["caa_error: a.example", "plain", "None of the A records …", "m"]);
    let dcv = json!({
        "cname": "_ca3.a.example", "cname_target": "dcv.digicert.com", "ownership_verification": ownership,
    });
    assert_eq!(reading.dcv, Some(dcv));
    let [certificate] = reading.certificates.as_slice() else { panic!("one certificate") };
    assert_eq!(certificate.serial_number.as_deref(), Some("0DE4E1566393F053"));
    assert_eq!(certificate.issuer.as_deref(), Some("DigiCertInc"));
    assert_eq!(certificate.signature_algorithm.as_deref(), Some("ECDSAWithSHA256"));
    assert_eq!(
        (certificate.not_before.as_deref(), certificate.not_after.as_deref()),
        (None, Some("2022-11-21T12:00:00Z"))
    );
    assert_eq!(certificate.names.as_ref().unwrap().dns, ["a.example", "b.example"]);

    let bare = read::<CloudflareDoor>(document("issuance.succeeded"));
    assert_eq!((bare.certificates, bare.dcv, bare.problems.len()), (vec![], None, 0));
}
