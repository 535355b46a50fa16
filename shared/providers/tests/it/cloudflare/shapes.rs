use envelope::EventType;
use providers::cloudflare::CloudflareReceiver;
use providers::dispatch;
use providers::interpretation::Plan;
use providers::receiver::InvalidDocument;
use serde_json::{Value, json};

use super::document;
use crate::support::{events, only, read, with};

/// Each member in turn is null, empty, missing, or of another type. The document is always an
/// event, and only the ids decide on the call-back.
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
            let envelope = only::<CloudflareReceiver>(&body);
            let interpretation = dispatch::interpret(&envelope).unwrap();
            assert_eq!(interpretation.kind, EventType::CertificateIssued, "{body}");
            let is_orphan = hostname.contains(&path)
                && (path == ["data"] || value.as_ref().is_none_or(|v| v.is_null() || v == ""));
            let expected = match () {
                () if is_orphan => Plan::NotNeeded,
                () if ids.contains(&path) || hostname.contains(&path) => Plan::UnusableId,
                () => Plan::CallBack,
            };
            assert_eq!(interpretation.plan, expected, "{body}");
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
            events::<CloudflareReceiver>(&body.to_string()),
            Err(InvalidDocument::NoEventName(_))
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
        assert!(
            matches!(events::<CloudflareReceiver>(body), Err(InvalidDocument::NoEventName(_))),
            "{body}"
        );
    }
}

/// Both wordings were published; neither matters.
#[test]
fn the_test_message_is_known_by_its_shape() {
    for body in [
        r#"{"text":"Hello World! Your webhook is configured properly."}"#,
        "{\"text\":\"configured correctly.\"}\n",
        r#"{"text":"anything","name":"x","ts":1}"#,
        r#"{"text":"anything","data":null,"alert_type":null}"#,
    ] {
        assert!(events::<CloudflareReceiver>(body).unwrap().is_empty(), "{body}");
    }
}

#[test]
fn notifications_of_another_kind_are_unrecognised() {
    let inner = with(document("x"), &["metadata", "event", "type"], Some(json!("ssl.other.x")));
    for (body, event, subject) in [
        (
            json!({"alert_type": "expiring_service_token_alert", "text": "t"}),
            "expiring_service_token_alert",
            "cloudflare/alert/expiring_service_token_alert",
        ),
        (
            json!({"alert_type": "universal_ssl_event_type", "data": inner}),
            "ssl.other.x",
            "cloudflare/hostname/a.example",
        ),
        (
            json!({"alert_type": "a", "data": {"hostname": "a.example", "cname": "x"}}),
            "a",
            "cloudflare/alert/a",
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
        let interpretation = read::<CloudflareReceiver>(&body);
        assert_eq!(
            (interpretation.event.as_str(), interpretation.subject.as_str()),
            (event, subject)
        );
        assert_eq!(
            (interpretation.kind, interpretation.plan),
            (EventType::Unrecognised, Plan::NotNeeded)
        );
    }
    let kind = only::<CloudflareReceiver>(json!({"alert_type": "odd/kind\n"})).kind;
    assert_eq!(kind, "com.cloudflare.odd_kind_");
    // A new name of the notification does not hide an event that is known.
    let renamed = json!({"alert_type": "custom_hostnames_v2", "data": document("issuance.failed")});
    assert_eq!(read::<CloudflareReceiver>(renamed).kind, EventType::CertificateIssuanceFailed);
}

#[test]
fn the_flat_shape_is_accepted() {
    let body = json!({"name": "n", "data": {
        "event_type": "ssl.custom_hostname_certificate.validation.failed", "id": "h", "hostname": "a.example",
        "status": "pending_validation", "validation_errors": [{"message": "caa_error"}], "cname": "x",
    }});
    let interpretation = read::<CloudflareReceiver>(body);
    assert_eq!(interpretation.kind, EventType::DomainValidationFailed);
    assert_eq!(interpretation.plan, Plan::UnusableId);
    assert_eq!(interpretation.problems, ["caa_error"]);
    assert_eq!(
        json!(interpretation.dcv),
        json!({
            "method": null, "records": [{"type": "CNAME", "name": "x", "value": null}], "delegation": null,
            "expires": null,
        })
    );
}

#[test]
fn a_hostname_cannot_end_a_line_or_a_segment() {
    let body =
        with(document("issuance.succeeded"), &["data", "hostname"], Some(json!("a\r\nb: c/../d")));
    let envelope = only::<CloudflareReceiver>(body);
    assert_eq!(envelope.subject, "cloudflare/hostname/a%0D%0Ab:%20c%2F..%2Fd");
}

/// Universal and Advanced certificates: the same document, of a zone, in whatever notification.
#[test]
fn alerts_of_a_zones_own_certificates_are_understood() {
    let document = |kind: &str, data: Value| {
        let event = json!({"id": "", "type": kind, "created_at": null});
        json!({"metadata": {"event": event, "account": null, "zone": {"id": "z1"}}, "data": data})
    };
    let types = [
        ("ssl.certificate.validation.succeeded", EventType::DomainValidated),
        ("ssl.certificate.validation.failed", EventType::DomainValidationFailed),
        ("ssl.certificate.deployment.succeeded", EventType::CertificateDeployed),
        ("ssl.certificate.deployment.failed", EventType::CertificateDeploymentFailed),
        ("ssl.certificate.renewal.succeeded", EventType::CertificateRenewed),
        ("ssl.certificate.renewal.failed", EventType::CertificateRenewalFailed),
        ("ssl.certificate.deletion.succeeded", EventType::CertificateDeleted),
        ("ssl.certificate.deletion.failed", EventType::CertificateDeletionFailed),
        (
            "ssl.certificate.renewal.upcoming_certificate_expiration_notification",
            EventType::CertificateExpiring,
        ),
        ("ssl.dedicated_certificate.issuance.succeeded", EventType::CertificateIssued),
        ("ssl.dedicated_certificate.issuance.failed", EventType::CertificateIssuanceFailed),
        ("ssl.certificate.migration.started", EventType::Unrecognised),
    ];
    let full = json!({"id": "pack", "hostname": "a.example", "hosts": ["a.example"], "validation_errors": [{"message": "caa"}]});
    for (name, kind) in types {
        for data in [
            full.clone(),
            json!({}),
            json!(null),
            json!({"id": "", "hosts": null, "settings": null}),
        ] {
            let bare = document(name, data);
            let wrapped = |alert: Value| json!({"alert_type": alert, "data": bare, "ts": 1});
            let shapes = [
                bare.clone(),
                wrapped(json!("universal_ssl_event_type")),
                wrapped(json!("custom_ssl_certificate_event_type")),
                wrapped(json!(null)),
            ];
            let ids = shapes.each_ref().map(|body| only::<CloudflareReceiver>(body).id);
            assert!(ids.iter().all(|id| *id == ids[0]), "{name}");
            for body in shapes {
                let envelope = only::<CloudflareReceiver>(&body);
                assert_eq!(envelope.source, "/cloudflare/zones/z1");
                let interpretation = read::<CloudflareReceiver>(&body);
                assert_eq!((interpretation.event.as_str(), interpretation.kind), (name, kind));
                assert_eq!(interpretation.subject, "cloudflare/zone/z1");
                assert_eq!(interpretation.plan, Plan::NotNeeded);
                assert_eq!(interpretation.identifiers["zone_id"], "z1");
                assert!(!interpretation.identifiers.contains_key("hostname_id"));
            }
        }
    }
    let read = read::<CloudflareReceiver>(document("ssl.certificate.validation.failed", full));
    assert_eq!((read.problems.len(), &read.identifiers["certificate_id"]), (1, &json!("pack")));
}

/// Another alert is known by its name and data, and has its zone, wherever it says it.
#[test]
fn other_alerts_have_an_id_of_their_content_and_a_zone() {
    let alert = |name: &str, data: Value, ts: u32| json!({"alert_type": name, "data": data, "ts": ts, "policy_id": ts, "text": "t"});
    let id = |body: Value| only::<CloudflareReceiver>(body).id;
    let first = id(alert("a", json!({"x": 1, "zone_id": "z9"}), 1));
    assert_eq!(first, id(alert("a", json!({"zone_id": "z9", "x": 1}), 2)), "not the notification");
    assert_ne!(first, id(alert("b", json!({"x": 1, "zone_id": "z9"}), 1)));
    assert_ne!(first, id(alert("a", json!({"x": 2, "zone_id": "z9"}), 1)));
    assert_ne!(
        id(alert("a", json!(null), 1)),
        id(alert("a", json!(null), 2)),
        "nothing else to go by"
    );
    for data in [
        json!({"zone_id": "z9"}),
        json!({"zone": {"id": "z9"}}),
        json!({"metadata": {"event": {"type": "x.y"}, "zone": {"id": "z9"}}}),
    ] {
        let envelope = only::<CloudflareReceiver>(alert("a", data.clone(), 1));
        assert_eq!(envelope.source, "/cloudflare/zones/z9", "{data}");
        let read = read::<CloudflareReceiver>(alert("a", data, 1));
        assert_eq!((read.event.as_str(), read.kind), ("a", EventType::Unrecognised));
        assert_eq!(read.identifiers["zone_id"], "z9");
    }
}
