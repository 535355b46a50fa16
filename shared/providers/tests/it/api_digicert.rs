use std::time::Duration;

use envelope::Reason;
use providers::api::{Answer, Call, Classification, Key};
use providers::digicert::api::{classify_download, classify_order_info, download, key, order_info};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::answer;

const INVALID_KEY: &str = include_str!("answers/digicert.api.error_403.invalid_key.json");
const ORDER_INFO: &str = include_str!("answers/digicert.api.order_info.response_200.json");
const LIMITED: &str = include_str!("answers/digicert.api.error_429.rate_limited.json");
const NOT_FOUND: &str = include_str!("answers/digicert.api.error_404.order.json");
const SINGLE_ERROR: &str = include_str!("answers/digicert.api.error_404.object_not_array.json");

fn retry<T>(reason: Reason) -> Classification<T> {
    Classification::Retry { reason, after: None }
}

#[test]
fn the_key_is_a_header() {
    for stored in ["secret-key", r#"{"api_key":" secret-key\n"}"#] {
        let Some(Key::Header { name, value }) = key(&stored.into()) else { panic!("{stored}") };
        assert_eq!((name, value.expose_secret()), ("X-DC-DEVKEY", "secret-key"));
    }
    for stored in ["", "not-filled-in", "{}", r#"{"api_key":"Not-Filled-In"}"#] {
        assert!(key(&stored.into()).is_none(), "{stored}");
    }
    assert!(!format!("{:?}", key(&"secret-key".into())).contains("secret-key"));
}

#[test]
fn calls_have_their_documented_paths() {
    let Call { segments, query, accept } = download(u64::MAX);
    assert_eq!(segments, ["certificate", "18446744073709551615", "download", "format", "pem_all"]);
    assert_eq!((query.len(), accept), (0, "*/*"));
    let Call { segments, query, accept } = order_info(0);
    assert_eq!(
        (segments.join("/"), query.len(), accept),
        ("order/certificate/0".into(), 0, "application/json")
    );
}

#[test]
fn answers_to_a_download_are_classified() {
    let recorded: Value =
        include_str!("answers/digicert.api.download_pem_all.response_200.json").parse().unwrap();
    let chain = recorded["body"].as_str().unwrap();
    assert_eq!(
        classify_download(&answer(200, chain)),
        Classification::Good(chain.as_bytes().to_vec())
    );
    for (status, body, expected) in [
        (
            200,
            "text -----BEGIN CERTIFICATE----- garbage",
            Classification::Good(b"text -----BEGIN CERTIFICATE----- garbage".to_vec()),
        ),
        (200, "", retry(Reason::Unreadable)),
        (200, "\r\n", retry(Reason::Unreadable)),
        (200, "<!DOCTYPE html><html></html>", retry(Reason::Unreadable)),
        (200, "-----BEGIN PKCS7-----", Classification::BadCertificate),
        (200, "{}", retry(Reason::Unreadable)),
        (302, "", retry(Reason::Unreadable)),
        (307, chain, retry(Reason::Unreadable)),
        (400, NOT_FOUND, Classification::NotReady { reason: Reason::NotReady }),
        (409, "", retry(Reason::Unreadable)),
        (404, "", retry(Reason::Unreadable)),
        (404, "<html>", retry(Reason::Unreadable)),
        (404, r#"{"message":"no route"}"#, retry(Reason::Unreadable)),
        (404, r#"{"errors":[]}"#, retry(Reason::Unreadable)),
        (404, r#"{"errors":"not_found|order"}"#, retry(Reason::Unreadable)),
        (404, r#"[{"errors":[{"code":"not_found"}]}]"#, retry(Reason::Unreadable)),
        (404, &NOT_FOUND[..NOT_FOUND.len() - 2], retry(Reason::Unreadable)),
        (404, NOT_FOUND, Classification::NotReady { reason: Reason::NotFound }),
        (404, SINGLE_ERROR, Classification::NotReady { reason: Reason::NotFound }),
        (401, "", retry(Reason::Unreadable)),
        (401, NOT_FOUND, Classification::KeyRefused { reason: Reason::Unauthorized }),
        (403, INVALID_KEY, Classification::KeyRefused { reason: Reason::Unauthorized }),
        (
            403,
            r#"{"errors":{"code":"access_denied_invalid_key"}}"#,
            Classification::KeyRefused { reason: Reason::Unauthorized },
        ),
        (
            403,
            r#"{"errors":[{"code":"access_denied|missing_permission"}]}"#,
            Classification::Failed { reason: Reason::Forbidden },
        ),
        (403, r#"{"errors":[{"message":"access_denied_invalid_key"}]}"#, retry(Reason::Unreadable)),
        (403, "<html>", retry(Reason::Unreadable)),
        (403, "", retry(Reason::Unreadable)),
        (403, r#"{"message":"Forbidden"}"#, retry(Reason::Unreadable)),
        (408, "", retry(Reason::Timeout)),
        (429, LIMITED, retry(Reason::RateLimited)),
        (500, "", retry(Reason::Unavailable)),
        (503, chain, retry(Reason::Unavailable)),
        (504, "", retry(Reason::Timeout)),
    ] {
        assert_eq!(classify_download(&answer(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn answers_about_an_order_are_classified() {
    for (status, body, expected) in [
        (404, NOT_FOUND, Classification::Failed { reason: Reason::NotFound }),
        (400, NOT_FOUND, Classification::Failed { reason: Reason::Refused }),
        (403, INVALID_KEY, Classification::KeyRefused { reason: Reason::Unauthorized }),
        (403, "{}", retry(Reason::Unreadable)),
        (403, "<html>", retry(Reason::Unreadable)),
        (404, "", retry(Reason::Unreadable)),
        (404, "<html>", retry(Reason::Unreadable)),
        (410, r#"{"status":"gone"}"#, retry(Reason::Unreadable)),
        (401, "", retry(Reason::Unreadable)),
        (401, NOT_FOUND, Classification::KeyRefused { reason: Reason::Unauthorized }),
        (429, LIMITED, retry(Reason::RateLimited)),
        (502, "<html>", retry(Reason::Unavailable)),
        (408, "", retry(Reason::Timeout)),
        (302, "", retry(Reason::Unreadable)),
        (200, "", retry(Reason::Unreadable)),
        (200, "<html></html>", retry(Reason::Unreadable)),
        (200, &ORDER_INFO[..ORDER_INFO.len() / 2], retry(Reason::Unreadable)),
        (200, "[]", retry(Reason::Unreadable)),
        (200, "{}", retry(Reason::Unreadable)),
        (200, r#"{"status":"maintenance"}"#, retry(Reason::Unreadable)),
        (200, r#"{"message":"welcome","id":"portal"}"#, retry(Reason::Unreadable)),
    ] {
        assert_eq!(classify_order_info(&answer(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn an_order_is_read() {
    let Classification::Good(order) = classify_order_info(&answer(200, ORDER_INFO)) else {
        panic!("not good")
    };
    let [certificate] = order.certificates.as_slice() else { panic!("one certificate") };
    assert_eq!(certificate.serial_number.as_deref(), Some("0669D46CAE79EF684A69777490602485"));
    assert_eq!(
        certificate.fingerprint_sha1.as_deref(),
        Some("7d236b54d19d5eacf0881faf24d51dfe5d23e945")
    );
    assert_eq!(certificate.not_before.as_deref(), Some("2014-08-19T00:00:00Z"));
    assert_eq!(certificate.not_after.as_deref(), Some("2015-08-19T23:59:59Z"));
    assert_eq!(certificate.names.as_ref().unwrap().dns, ["digicert.com"]);
    assert_eq!(certificate.key_bits, Some(2048));
    assert_eq!((order.status.as_deref(), order.problems.len()), (Some("approved"), 0));
}

#[test]
fn an_order_with_odd_or_missing_members_is_read() {
    let read = |order: Value| match classify_order_info(&answer(200, &order.to_string())) {
        Classification::Good(order) => order,
        other => panic!("{other:?}"),
    };
    for empty in [
        json!({"id": 1}),
        json!({"certificate": null, "requests": 7, "status": "issued"}),
        json!({"certificate": {"id": 1}}),
    ] {
        assert!(read(empty).certificates.is_empty());
    }
    let odd = json!({"serial_number": "00AB12", "thumbprint": "zz", "dns_names": [null, "a.example"], "key_size": "256", "emails": ["a@b.example"]});
    let rejected = json!({"status": "rejected", "certificate": odd, "requests": [
        {"type": "new_request", "status": "rejected", "comments": "No such organization"},
        {"status": "rejected"}, {"status": "approved", "comments": "x"}, null,
    ]});
    let order = read(rejected);
    let certificate = &order.certificates[0];
    assert_eq!(
        (certificate.serial_number.as_deref(), &certificate.fingerprint_sha1),
        (Some("AB12"), &None)
    );
    let names = certificate.names.as_ref().unwrap();
    assert_eq!((names.dns.len(), names.email.len(), certificate.key_bits), (1, 1, Some(256)));
    assert_eq!(
        order.problems,
        ["new_request rejected: No such organization", "request rejected: no comment"]
    );
}

#[test]
fn retry_after_is_passed_on() {
    let after = Some(Duration::from_secs(7));
    let answer = Answer { status: 429, retry_after: after, body: b"" };
    assert_eq!(
        classify_download(&answer),
        Classification::Retry { reason: Reason::RateLimited, after }
    );
    assert_eq!(
        classify_order_info(&answer),
        Classification::Retry { reason: Reason::RateLimited, after }
    );
}
