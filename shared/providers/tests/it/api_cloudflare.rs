use envelope::Reason;
use providers::api::{Classification, Key};
use providers::cloudflare::api::{classify_details, details, key};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::answer;

const ACTIVE: &str = include_str!("answers/cloudflare.api.custom_hostname.get_200.active.json");
const WAITING: &str =
    include_str!("answers/cloudflare.api.custom_hostname.get_200.validation_errors.json");
const REFUSED: &str = include_str!("answers/cloudflare.api.error_403.authentication.json");

fn read(body: &str) -> providers::cloudflare::api::Details {
    match classify_details(&answer(200, body)) {
        Classification::Good(details) => details,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_key_is_a_bearer_token() {
    for stored in ["token", r#"{"api_token":"token"}"#] {
        let Some(Key::Header { name, value }) = key(&stored.into()) else { panic!("{stored}") };
        assert_eq!((name, value.expose_secret()), ("Authorization", "Bearer token"));
    }
    assert!(key(&"not-filled-in".into()).is_none());
}

#[test]
fn the_call_has_its_documented_path() {
    let call = details("z", "h");
    assert_eq!(call.segments, ["zones", "z", "custom_hostnames", "h"]);
    assert_eq!((call.query.len(), call.accept), (0, "application/json"));
}

#[test]
fn answers_are_classified() {
    let retry = |reason| Classification::Retry { reason, after: None };
    let error = |code: u32| {
        json!({"success": false, "errors": [{"code": code, "message": "m"}], "result": null})
            .to_string()
    };
    let key_refused = Classification::KeyRefused { reason: Reason::Unauthorized };
    let refused = Classification::Failed { reason: Reason::Refused };
    for (status, body, expected) in [
        (404, error(1436), Classification::Gone { reason: Reason::NotFound }),
        (404, String::new(), Classification::Gone { reason: Reason::NotFound }),
        (401, String::new(), key_refused.clone()),
        (403, REFUSED.to_owned(), key_refused.clone()),
        (403, error(9109), key_refused.clone()),
        (400, error(6003), key_refused.clone()),
        (200, error(10000), key_refused),
        (200, error(1), refused.clone()),
        (200, r#"{"success":false}"#.to_owned(), refused.clone()),
        (400, error(7003), refused.clone()),
        (405, "<html>".to_owned(), refused),
        (429, error(10100), retry(Reason::RateLimited)),
        (500, error(10001), retry(Reason::Unavailable)),
        (522, "<html>".to_owned(), retry(Reason::Unavailable)),
        (408, String::new(), retry(Reason::Timeout)),
        (301, String::new(), retry(Reason::Unreadable)),
        (200, String::new(), retry(Reason::Unreadable)),
        (200, "<html>".to_owned(), retry(Reason::Unreadable)),
        (200, ACTIVE[..ACTIVE.len() - 9].to_owned(), retry(Reason::Unreadable)),
        (200, r#"{"success":true,"result":null}"#.to_owned(), retry(Reason::Unreadable)),
        (200, r#"{"result":{}}"#.to_owned(), retry(Reason::Unreadable)),
    ] {
        assert_eq!(classify_details(&answer(status, &body)), expected, "{status} {body}");
    }
}

#[test]
fn the_details_are_read() {
    let active = read(ACTIVE);
    assert_eq!((active.status.as_deref(), active.certificates.len()), (Some("active"), 0));
    assert_eq!(active.problems.len(), 1);
    assert_eq!(active.dcv.unwrap()["ownership_verification"]["type"], "txt");

    let waiting = read(WAITING);
    assert_eq!(waiting.problems[0], "SERVFAIL looking up CAA for example.com");
    assert_eq!(waiting.problems.len(), 2);
    let dcv = waiting.dcv.unwrap();
    assert_eq!(dcv["cname_target"], "dcv.digicert.com");
    assert!(dcv["ownership_verification_http"]["http_url"].is_string());
}

#[test]
fn each_listed_certificate_is_read() {
    let details = |ssl: Value| {
        read(&json!({"success": true, "result": {"ssl": ssl}}).to_string()).certificates
    };
    let several = details(json!({"hosts": ["a.example"], "serial_number": "1", "certificates": [
        {"issuer": "GoogleTrustServices", "serial_number": "255", "signature": "ECDSAWithSHA256", "issued_on": "2026-01-01T00:00:00Z", "expires_on": "2026-03-31T00:00:00Z", "fingerprint_sha256": "AB"},
        {"issuer": "GoogleTrustServices", "serial_number": 256},
    ]}));
    let serials: Vec<_> =
        several.iter().map(|certificate| certificate.serial_number.as_deref()).collect();
    assert_eq!(serials, [Some("FF"), Some("0100")]);
    assert_eq!(several[0].not_before.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(several[0].fingerprint_sha256.as_deref(), Some("ab"));
    assert!(
        several.iter().all(|certificate| certificate.names.as_ref().unwrap().dns == ["a.example"])
    );

    for odd in [json!("12x"), json!("-1"), json!(""), json!(1.5), json!(null)] {
        let [certificate] =
            details(json!({"issuer": "I", "serial_number": odd})).try_into().unwrap();
        assert_eq!(certificate.serial_number, None);
    }
    assert!(details(json!({"certificates": [], "hosts": [], "issuer": null})).is_empty());
}
