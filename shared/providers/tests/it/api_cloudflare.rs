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
    let forbidden = Classification::Failed { reason: Reason::Forbidden };
    let unreadable = retry(Reason::Unreadable);
    for (status, body, expected) in [
        (404, error(1436), Classification::Gone { reason: Reason::NotFound }),
        (401, error(10000), key_refused.clone()),
        (400, error(6003), key_refused),
        // These may be about the zone alone; whether they are is asked.
        (403, REFUSED.to_owned(), forbidden.clone()),
        (403, error(9109), forbidden.clone()),
        (403, error(1), forbidden.clone()),
        (200, error(10000), forbidden),
        (200, error(1), refused.clone()),
        (400, error(7003), refused),
        // What is not in the API's shape comes from something on the way.
        (404, String::new(), unreadable.clone()),
        (404, "<html>".to_owned(), unreadable.clone()),
        (404, r#"{"message":"no route"}"#.to_owned(), unreadable.clone()),
        (404, r#"{"success":true,"result":{}}"#.to_owned(), unreadable.clone()),
        (404, r#"{"success":false,"errors":[]}"#.to_owned(), unreadable.clone()),
        (404, r#"{"success":"false","errors":[{"code":1}]}"#.to_owned(), unreadable.clone()),
        (404, format!("[{}]", error(1436)), unreadable.clone()),
        (401, String::new(), unreadable.clone()),
        (403, "error code: 1020".to_owned(), unreadable.clone()),
        (403, r#"{"success":false,"message":"blocked"}"#.to_owned(), unreadable.clone()),
        (405, "<html>".to_owned(), unreadable.clone()),
        (200, r#"{"success":false}"#.to_owned(), unreadable),
        (429, error(10100), retry(Reason::RateLimited)),
        (500, error(10001), retry(Reason::Unavailable)),
        (522, "<html>".to_owned(), retry(Reason::Unavailable)),
        (408, String::new(), retry(Reason::Timeout)),
        (301, String::new(), retry(Reason::Unreadable)),
        (200, String::new(), retry(Reason::Unreadable)),
        (200, "<html>".to_owned(), retry(Reason::Unreadable)),
        (200, ACTIVE[..ACTIVE.len() - 9].to_owned(), retry(Reason::Unreadable)),
        (
            200,
            r#"{"success":true,"result":null}"#.to_owned(),
            Classification::Failed { reason: Reason::NotFound },
        ),
        (200, r#"{"result":{}}"#.to_owned(), retry(Reason::Unreadable)),
    ] {
        assert_eq!(classify_details(&answer(status, &body)), expected, "{status} {body}");
    }
}

/// The API itself says that there is nothing, which waiting does not change.
#[test]
fn a_success_without_a_result_is_final() {
    let classify = |body: &str| classify_details(&answer(200, body));
    assert!(matches!(
        classify(r#"{"success":true,"errors":[],"result":null}"#),
        Classification::Failed { reason: Reason::NotFound }
    ));
    for body in [r#"{"success":true}"#, r#"{"success":true,"result":7}"#, r#"{"result":null}"#] {
        assert!(matches!(classify(body), Classification::Retry { .. }), "{body}");
    }
}

#[test]
fn the_details_are_read() {
    let active = read(ACTIVE);
    assert_eq!((active.status.as_deref(), active.certificates.len()), (Some("active"), 0));
    assert_eq!(active.problems.len(), 1);
    assert_eq!(active.dcv.unwrap().records[0].kind, "TXT");

    let waiting = read(WAITING);
    assert_eq!(waiting.problems[0], "SERVFAIL looking up CAA for example.com");
    assert_eq!(waiting.problems.len(), 2);
    let dcv = waiting.dcv.unwrap();
    assert_eq!(dcv.records[0].value.as_deref(), Some("dcv.digicert.com"));
    assert!(dcv.records.iter().any(|record| record.kind == "HTTP"), "{dcv:?}");
}

#[test]
fn each_listed_certificate_is_read() {
    let details = |ssl: Value| {
        read(&json!({"success": true, "result": {"ssl": ssl}}).to_string()).certificates
    };
    let several = details(json!({"hosts": ["a.example"], "serial_number": "1", "certificates": [
        {"issuer": "GoogleTrustServices", "serial_number": "255", "signature": "ECDSAWithSHA256", "issued_on": "2026-01-01T00:00:00Z", "expires_on": "2026-03-31T00:00:00Z", "fingerprint_sha256": "AB".repeat(32)},
        {"issuer": "GoogleTrustServices", "serial_number": 256},
    ]}));
    let serials: Vec<_> =
        several.iter().map(|certificate| certificate.serial_number.as_deref()).collect();
    assert_eq!(serials, [Some("FF"), Some("0100")]);
    assert_eq!(several[0].not_before.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(several[0].fingerprint_sha256, Some("ab".repeat(32)));
    assert!(
        several.iter().all(|certificate| certificate.names.as_ref().unwrap().dns == ["a.example"])
    );

    for odd in [json!("12x"), json!("-"), json!(""), json!(1.5), json!(null)] {
        let [certificate] =
            details(json!({"issuer": "I", "serial_number": odd})).try_into().unwrap();
        assert_eq!(certificate.serial_number, None);
    }
    assert!(details(json!({"certificates": [], "hosts": [], "issuer": null})).is_empty());
}

/// A 403 may be about a zone that the token may not read; the provider is asked what it is about.
#[test]
fn a_refusal_that_may_be_one_zones_is_looked_into() {
    let setting = |name: &str| (name == "CLOUDFLARE_ACCOUNT_ID").then(|| "acc".to_owned());
    let row = providers::profile::of(envelope::Provider::CLOUDFLARE);
    let checks = |status: u16, body: &str, has_account: bool| {
        let settings: &dyn Fn(&str) -> Option<String> =
            if has_account { &setting } else { &|_| None };
        let enrichers = (row.enrichers)(settings).unwrap();
        let checks = enrichers.key_checks(&answer(status, body));
        checks.iter().map(|check| check.call.segments.join("/")).collect::<Vec<_>>()
    };
    let error = |code: u32| format!(r#"{{"success":false,"errors":[{{"code":{code}}}]}}"#);
    let user = "user/tokens/verify";
    for (status, body) in
        [(403, error(9109)), (403, error(10000)), (403, error(1)), (200, error(10000))]
    {
        assert_eq!(checks(status, &body, false), [user], "{status} {body}");
        assert_eq!(checks(status, &body, true), [user, "accounts/acc/tokens/verify"]);
    }
    for (status, body) in [
        (401, error(10000)),
        (400, error(6003)),
        (404, error(1436)),
        (503, error(10000)),
        (403, "<html>".to_owned()),
        (403, String::new()),
        (200, ACTIVE.to_owned()),
    ] {
        assert!(checks(status, &body, true).is_empty(), "{status} {body}");
    }
    let enrichers = (row.enrichers)(&|_| None).unwrap();
    let check = enrichers.key_checks(&answer(403, REFUSED)).remove(0);
    let refused = Classification::KeyRefused { reason: Reason::Unauthorized };
    let retry = |reason| Classification::Retry { reason, after: None };
    let verified = |status: &str| {
        json!({"success": true, "result": {"id": "t", "status": status}}).to_string()
    };
    for (status, body, expected) in [
        (200, verified("active"), Classification::Good(())),
        (200, verified("disabled"), refused.clone()),
        (200, verified("expired"), refused.clone()),
        (401, error(1000), refused.clone()),
        (403, error(9109), refused),
        (403, "<html>".to_owned(), retry(Reason::Unreadable)),
        (404, String::new(), retry(Reason::Unreadable)),
        (200, "{}".to_owned(), retry(Reason::Unreadable)),
        (502, String::new(), retry(Reason::Unavailable)),
    ] {
        assert_eq!((check.classify)(&answer(status, &body)), expected, "{status} {body}");
    }
}
