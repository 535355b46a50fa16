use envelope::EventType;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::interpretation::Plan;
use providers::receiver::InvalidDocument;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{NOON, events, only, read};

#[test]
fn the_envelope_holds_the_document() {
    let body = " {\"event\" : \"certificate_issued\",\n\"data\":{\"order_id\":1.0e0,\"certificate_id\":2}} ";
    let envelope = only::<DigicertReceiver>(body);
    assert_eq!(envelope.kind, "com.digicert.certcentral.certificate_issued");
    assert_eq!(envelope.source, "/digicert/certcentral");
    assert_eq!(envelope.subject, "digicert/certificate/2");
    assert_eq!((envelope.time, envelope.receivedtime), (NOON, NOON));
    assert_eq!(envelope.specversion, "1.0");
    assert_eq!(envelope.dataschema, envelope::Envelope::SCHEMA);
    assert!(envelope.traceparent.is_some());
    assert_eq!(envelope.data.get(), body.trim());
}

#[test]
fn every_event_has_its_type_subject_and_call_back() {
    let (certificate, order) = ("digicert/certificate/2", "digicert/order/1");
    for (event, kind, subject, plan) in [
        ("certificate_issued", EventType::CertificateIssued, certificate, Plan::CallBack),
        ("certificate_revoked", EventType::CertificateRevoked, certificate, Plan::CallBack),
        ("order_rejected", EventType::CertificateIssuanceFailed, order, Plan::CallBack),
        ("order_approval_email_sent", EventType::OrderApproval, order, Plan::CallBack),
        ("orderApprovalEmailStatus", EventType::OrderApproval, order, Plan::CallBack),
        (
            "domain_validated",
            EventType::DomainValidated,
            "digicert/domain/a.example",
            Plan::NotNeeded,
        ),
        (
            "domain_expired",
            EventType::DomainValidationExpired,
            "digicert/domain/a.example",
            Plan::NotNeeded,
        ),
        (
            "domain_revalidation_notice",
            EventType::DomainRevalidationDue,
            "digicert/domain/a.example",
            Plan::NotNeeded,
        ),
        (
            "organization_validated",
            EventType::OrganizationValidated,
            "digicert/organization/3",
            Plan::NotNeeded,
        ),
        (
            "organization_expired",
            EventType::OrganizationValidationExpired,
            "digicert/organization/3",
            Plan::NotNeeded,
        ),
        (
            "organization_revalidation_notice",
            EventType::OrganizationRevalidationDue,
            "digicert/organization/3",
            Plan::NotNeeded,
        ),
        ("certificate_renewed", EventType::Unrecognised, order, Plan::NotNeeded),
    ] {
        let data = json!({"order_id": 1, "certificate_id": "2", "organization_id": 3, "domain_name": "a.example"});
        let interpretation = read::<DigicertReceiver>(json!({"event": event, "data": data}));
        assert_eq!(
            (interpretation.kind, interpretation.subject.as_str(), interpretation.plan),
            (kind, subject, plan)
        );
        assert_eq!(interpretation.event, event);
        let expected = json!({"order_id": "1", "certificate_id": "2", "organization_id": "3", "domain": "a.example"});
        assert_eq!(Value::Object(interpretation.identifiers), expected);
    }
}

#[test]
fn unusable_ids_lead_to_no_call_back() {
    for bad in [
        r#""../../x""#,
        r#""""#,
        r#"" 1""#,
        r#""+1""#,
        r#""-1""#,
        r#""1.0""#,
        r#""0x10""#,
        r#""١""#,
        "-1",
        "-0",
        "1.0",
        "1e3",
        "18446744073709551616",
        r#""18446744073709551616""#,
        "null",
        "true",
        "[1]",
        r#"{"id":1}"#,
    ] {
        for (event, subject) in [
            ("certificate_issued", "digicert/certificate/unknown"),
            ("certificate_revoked", "digicert/certificate/unknown"),
            ("order_rejected", "digicert/order/unknown"),
            ("order_approval_done", "digicert/order/unknown"),
        ] {
            let body = format!(
                r#"{{"event":"{event}","data":{{"order_id":{bad},"certificate_id":{bad}}}}}"#
            );
            let interpretation = read::<DigicertReceiver>(body);
            assert_eq!(interpretation.plan, Plan::UnusableId, "{event} {bad}");
            assert_eq!(interpretation.subject, subject, "{bad}");
            assert!(interpretation.identifiers.is_empty(), "{bad}");
        }
    }
    for data in ["null", "[]", "\"x\"", "7"] {
        let interpretation =
            read::<DigicertReceiver>(format!(r#"{{"event":"certificate_issued","data":{data}}}"#));
        assert_eq!(interpretation.plan, Plan::UnusableId, "{data}");
    }
}

#[test]
fn each_call_back_needs_just_its_own_id() {
    let body = |event, data: Value| json!({"event": event, "data": data});
    let issued = read::<DigicertReceiver>(body(
        "certificate_issued",
        json!({"order_id": "x", "certificate_id": 2}),
    ));
    assert_eq!(issued.plan, Plan::CallBack);
    let revoked = read::<DigicertReceiver>(body("certificate_revoked", json!({"order_id": 1})));
    assert_eq!(revoked.plan, Plan::CallBack);
    assert_eq!(revoked.subject, "digicert/order/1");
}

#[test]
fn names_are_read_from_the_members_of_the_api() {
    for (event, data, subject) in [
        (
            "domain_validated",
            json!({"domain_name": "a.example", "name": "b.example"}),
            "digicert/domain/a.example",
        ),
        ("domain_validated", json!({"domain": "a.example"}), "digicert/domain/a.example"),
        (
            "domain_validated",
            json!({"domain": {"id": 5, "name": "a.example"}}),
            "digicert/domain/a.example",
        ),
        (
            "domain_validated",
            json!({"id": 5, "name": "*.a.example"}),
            "digicert/domain/*.a.example",
        ),
        ("domain_expired", json!({"domain_id": "5"}), "digicert/domain/5"),
        ("domain_expired", json!({"domain": {"id": 5}}), "digicert/domain/5"),
        ("domain_expired", json!({"id": 5}), "digicert/domain/5"),
        ("domain_expired", json!({}), "digicert/domain/unknown"),
        ("domain_expired", json!({"name": "bücher.example"}), "digicert/domain/bücher.example"),
        (
            "domain_expired",
            json!({"name": "a\r\nb/../c %"}),
            "digicert/domain/a%0D%0Ab%2F..%2Fc%20%25",
        ),
        ("organization_validated", json!({"organization": {"id": "6"}}), "digicert/organization/6"),
        ("organization_expired", json!({"id": 6}), "digicert/organization/6"),
        ("organization_expired", json!({"id": "x"}), "digicert/organization/unknown"),
        ("something_new", json!({"certificate_id": 2}), "digicert/certificate/2"),
        ("something_new", json!({"id": 5, "name": "a.example"}), "digicert/event/something_new"),
        ("some thing/new\n", json!(null), "digicert/event/some%20thing%2Fnew%0A"),
    ] {
        let interpretation = read::<DigicertReceiver>(json!({"event": event, "data": data}));
        assert_eq!(interpretation.subject, subject, "{data}");
    }
}

#[test]
fn a_chain_in_the_event_is_read() {
    let chain =
        json!([{"subject_common_name": "a", "pem": "A\r\n"}, {"pem": null}, 7, {"pem": "B\r\n"}]);
    let body = |chain: Value| json!({"event": "certificate_issued", "data": {"certificate_id": 2, "certificate_chain": chain}});
    assert_eq!(read::<DigicertReceiver>(body(chain)).pem.as_deref(), Some("A\r\n\nB\r\n"));
    for none in [json!([]), json!(null), json!("x"), json!([{"pem": ""}])] {
        assert_eq!(read::<DigicertReceiver>(body(none)).pem, None);
    }
}

#[test]
fn long_and_odd_event_names_are_made_safe() {
    let name = format!("new event/{}", "x".repeat(500));
    let envelope = only::<DigicertReceiver>(json!({"event": name}));
    let part = envelope.kind.strip_prefix("com.digicert.certcentral.").unwrap();
    assert_eq!((part.len(), &part[..11]), (128, "new_event_x"));
    let interpretation = dispatch::interpret(&envelope).unwrap();
    assert_eq!((interpretation.event.len(), interpretation.kind), (256, EventType::Unrecognised));
}

#[test]
fn bodies_without_an_event() {
    for body in [
        r#"{"event":"test_webhook_endpoint"}"#,
        r#"{"data":{"x":1},"event":"test_webhook_endpoint"}"#,
    ] {
        assert!(events::<DigicertReceiver>(body).unwrap().is_empty());
    }
    for body in [
        "{}",
        r#"{"event":null}"#,
        r#"{"event":""}"#,
        r#"{"event":" "}"#,
        r#"{"event":1}"#,
        r#"{"Event":"x"}"#,
    ] {
        assert!(
            matches!(events::<DigicertReceiver>(body), Err(InvalidDocument::NoEventName(_))),
            "{body}"
        );
    }
}

#[test]
fn a_challenge_has_webhook_token_and_expiry() {
    for (data, webhook_id, token) in [
        (json!({"token": "tok-EN", "webhook_id": 12345}), "12345", "tok-EN"),
        (json!({"token": 987_654, "webhook_id": "12345"}), "12345", "987654"),
        (json!({"token": "tok-EN", "webhook_id": "../../x"}), "unknown", "tok-EN"),
        (json!({"token": "tok-EN"}), "unknown", "tok-EN"),
        (json!({"token": null}), "unknown", ""),
        (json!(null), "unknown", ""),
    ] {
        let envelope =
            only::<DigicertReceiver>(json!({"event": "challenge_webhook_endpoint", "data": data}));
        assert_eq!(envelope.kind, "com.digicert.certcentral.challenge_webhook_endpoint");
        let challenge = dispatch::interpret(&envelope).unwrap().challenge.unwrap();
        assert_eq!(challenge.webhook_id, webhook_id);
        assert_eq!(challenge.token.expose_secret(), token);
        assert_eq!(challenge.expires, NOON + Duration::minutes(30));
        assert!(token.is_empty() || !format!("{challenge:?} {envelope:?}").contains(token));
    }
    let other = json!({"event": "domain_validated", "data": {"token": "tok-EN"}});
    assert!(read::<DigicertReceiver>(other).challenge.is_none());
}
