use envelope::EventType;
use providers::cloudflare::CloudflareReceiver;
use providers::interpretation::Plan;
use serde_json::{Value, json};
use time::macros::datetime;

use super::{PREFIX, document};
use crate::support::{NOON, only, read, with};

#[test]
fn the_envelope_holds_the_document() {
    let body = document("issuance.succeeded");
    let envelope = only::<CloudflareReceiver>(&body);
    assert_eq!(envelope.kind, "com.cloudflare.ssl.custom_hostname_certificate.issuance.succeeded");
    assert_eq!(envelope.source, "/cloudflare/zones/z-1");
    assert_eq!(envelope.subject, "cloudflare/hostname/a.example");
    assert_eq!(envelope.time, datetime!(2022-02-09 00:03:28.385080 UTC));
    assert_eq!(envelope.receivedtime, NOON);
    assert_eq!(envelope.data.get(), body.to_string());
}

#[test]
fn every_event_has_its_type_subject_and_call_back() {
    for (suffix, kind, plan) in [
        ("validation.succeeded", EventType::DomainValidated, Plan::CallBack),
        ("validation.failed", EventType::DomainValidationFailed, Plan::CallBack),
        ("issuance.succeeded", EventType::CertificateIssued, Plan::CallBack),
        ("issuance.failed", EventType::CertificateIssuanceFailed, Plan::CallBack),
        ("deployment.succeeded", EventType::CertificateDeployed, Plan::CallBack),
        ("deployment.failed", EventType::CertificateDeploymentFailed, Plan::CallBack),
        ("deletion.succeeded", EventType::CertificateDeleted, Plan::NotNeeded),
        ("deletion.failed", EventType::CertificateDeletionFailed, Plan::CallBack),
        (
            "renewal.upcoming_certificate_expiration_notification",
            EventType::CertificateExpiring,
            Plan::CallBack,
        ),
        ("renewal.succeeded", EventType::CertificateRenewed, Plan::CallBack),
        ("renewal.failed", EventType::CertificateRenewalFailed, Plan::CallBack),
        ("migration.succeeded", EventType::Unrecognised, Plan::NotNeeded),
    ] {
        let bare = document(suffix);
        let wrapped =
            json!({"alert_type": "custom_ssl_certificate_event_type", "text": "t", "data": bare});
        let untyped = json!({"name": "n", "text": "t", "data": bare, "ts": 1, "alert_type": null});
        for body in [bare, wrapped, untyped] {
            let interpretation = read::<CloudflareReceiver>(&body);
            assert_eq!((interpretation.kind, interpretation.plan), (kind, plan), "{body}");
            assert_eq!(interpretation.event, format!("{PREFIX}{suffix}"));
            assert_eq!(interpretation.subject, "cloudflare/hostname/a.example");
            let expected = json!({
                "hostname": "a.example", "hostname_id": "h_1", "zone_id": "z-1", "account_id": "a1",
                "certificate_id": "c1",
            });
            assert_eq!(Value::Object(interpretation.identifiers), expected);
        }
    }
}

#[test]
fn events_without_hostname_are_named_by_their_certificate() {
    let mut body = with(document("deployment.failed"), &["data", "id"], None);
    body = with(body, &["data", "hostname"], None);
    let interpretation = read::<CloudflareReceiver>(&body);
    assert_eq!(
        (interpretation.subject.as_str(), interpretation.plan),
        ("cloudflare/certificate/c1", Plan::NotNeeded)
    );
    let unnamed = read::<CloudflareReceiver>(with(body, &["data", "ssl"], Some(json!(null))));
    assert_eq!(unnamed.subject, "cloudflare/certificate/unknown");
}

#[test]
fn the_time_is_cloudflares_if_it_is_plausible() {
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
        assert_eq!(only::<CloudflareReceiver>(body).time, time);
    }
}

#[test]
fn problems_dcv_and_certificates_are_read() {
    let ssl = json!({
        "id": "c1", "hosts": ["a.example", "b.example"], "issuer": "DigiCertInc",
        "serial_number": "1001172778337169491", "signature": "ECDSAWithSHA256",
        "uploaded_on": "2021-11-17T04:33:54.561747Z", "expires_on": "2022-11-21T12:00:00Z",
        "cname": "_ca3.a.example", "cname_target": "dcv.digicert.com", "txt_name": "", "http_url": null,
        "dcv_delegation_records": [{"cname": "_acme-challenge.a.example", "cname_target": "a.dcv.example"}],
        "validation_records": [], "validation_errors": [{"message": "caa_error: a.example"}, "plain", {}, 7],
    });
    let body = with(document("renewal.failed"), &["data", "ssl"], Some(ssl));
    let errors = json!(["None of the A records …", {"message": "m"}]);
    let body = with(body, &["data", "verification_errors"], Some(errors));
    let ownership = json!({"type": "txt", "name": "n", "value": "v"});
    let body = with(body, &["data", "ownership_verification"], Some(ownership));
    let interpretation = read::<CloudflareReceiver>(body);
    assert_eq!(
        interpretation.problems,
        ["caa_error: a.example", "plain", "None of the A records …", "m"]
    );
    let dcv = json!({
        "method": null,
        "records": [
            {"type": "CNAME", "name": "_ca3.a.example", "value": "dcv.digicert.com"},
            {"type": "TXT", "name": "n", "value": "v"},
        ],
        "delegation": [{"type": "CNAME", "name": "_acme-challenge.a.example", "value": "a.dcv.example"}],
        "expires": null,
    });
    assert_eq!(json!(interpretation.dcv), dcv);
    let [certificate] = interpretation.certificates.as_slice() else { panic!("one certificate") };
    assert_eq!(certificate.serial_number.as_deref(), Some("0DE4E1566393F053"));
    assert_eq!(certificate.certificate_authority.as_deref(), Some("DigiCertInc"));
    assert_eq!(certificate.signature_algorithm.as_deref(), Some("ecdsa-with-SHA256"));
    assert_eq!(
        (certificate.not_before.as_deref(), certificate.not_after.as_deref()),
        (None, Some("2022-11-21T12:00:00Z"))
    );
    assert_eq!(certificate.names.as_ref().unwrap().dns, ["a.example", "b.example"]);

    let bare = read::<CloudflareReceiver>(document("issuance.succeeded"));
    assert_eq!((bare.certificates, bare.dcv, bare.problems.len()), (vec![], None, 0));
}
