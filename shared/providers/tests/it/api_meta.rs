use envelope::Reason;
use providers::api::{Answer, Classification, Key};
use providers::meta::api::{
    certificate, certificates, classify_certificate, classify_certificates,
    classify_subscribed_domains, key, subscribed_domains,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::answer;

const PAGE: &str = include_str!("answers/meta.api.certificates.page_200.json");
const PAGING: &str = include_str!("answers/meta.api.certificates.page_with_paging_200.json");
const SHA: &str = "152151b387412a95ab90fd4664f2d98880408e9e43913124e4c91226a483386b";

/// An error of the Graph API, which always says its `type`.
fn error(mut members: Value) -> String {
    members["type"] = "OAuthException".into();
    json!({"error": members}).to_string()
}

#[test]
fn the_key_is_a_query_parameter() {
    for stored in ["1|s", r#"{"access_token":"1|s"}"#] {
        let Some(Key::Query { name, value }) = key(&stored.into()) else { panic!("{stored}") };
        assert_eq!((name, value.expose_secret()), ("access_token", "1|s"));
    }
    assert!(key(&"".into()).is_none());
}

#[test]
fn calls_have_their_documented_paths() {
    let call = certificates("a.example", None);
    assert_eq!(call.segments, ["certificates"]);
    assert_eq!(call.query[0], ("query", "a.example".to_owned()));
    assert!(call.query.iter().all(|(name, _)| *name != "after"));
    let next = certificates("a.example", Some("QVF"));
    assert_eq!(next.query.last(), Some(&("after", "QVF".to_owned())));
    assert!(
        next.query
            .iter()
            .any(|(name, value)| *name == "fields" && value.contains("cert_hash_sha256"))
    );
    assert_eq!(certificate("12").segments, ["12"]);
    let domains = subscribed_domains("7", Some("c"));
    assert_eq!(domains.segments, ["7", "subscribed_domains"]);
    assert_eq!(domains.query.last(), Some(&("after", "c".to_owned())));
}

/// The code decides before the status: code 4 comes with 403, code 100 with 400.
#[test]
fn errors_are_classified_by_code() {
    let retry = |reason| Classification::Retry { reason, after: None };
    let recorded = |text: &str| text.to_owned();
    let key_refused = Classification::KeyRefused { reason: Reason::Unauthorized };
    for (status, body, expected) in [
        (
            403,
            recorded(include_str!("answers/meta.api.error.app_rate_limited_4.json")),
            retry(Reason::RateLimited),
        ),
        (
            400,
            recorded(include_str!("answers/meta.api.error.page_rate_limited_32.json")),
            retry(Reason::RateLimited),
        ),
        (400, error(json!({"code": 17})), retry(Reason::RateLimited)),
        (400, error(json!({"code": 613})), retry(Reason::RateLimited)),
        (400, error(json!({"code": "4"})), retry(Reason::RateLimited)),
        (500, error(json!({"code": 1})), retry(Reason::Unavailable)),
        (400, error(json!({"code": 2})), retry(Reason::Unavailable)),
        (
            400,
            error(json!({"code": 100, "error_subcode": 33, "is_transient": true})),
            retry(Reason::Unavailable),
        ),
        (200, error(json!({"code": 190})), key_refused.clone()),
        (400, recorded(include_str!("answers/meta.api.error.token_190.json")), key_refused.clone()),
        (401, error(json!({"code": 102})), key_refused),
        (500, error(json!({"code": 999})), Classification::Failed { reason: Reason::Refused }),
        (
            403,
            error(json!({"code": 10, "is_transient": false})),
            Classification::Failed { reason: Reason::Refused },
        ),
        (400, error(json!({"code": 100})), Classification::Failed { reason: Reason::Refused }),
        (
            400,
            error(json!({"code": 100, "error_subcode": 34})),
            Classification::Failed { reason: Reason::Refused },
        ),
        (
            400,
            error(json!({"code": 100, "error_subcode": 33})),
            Classification::Gone { reason: Reason::Retired },
        ),
        (400, error(json!({"message": "x"})), retry(Reason::Unreadable)),
        // Other APIs have numbers as codes too.
        (
            403,
            r#"{"error":{"code":403,"message":"m","status":"x"}}"#.to_owned(),
            retry(Reason::Unreadable),
        ),
        (403, r#"{"error":{"code":190,"message":"m"}}"#.to_owned(), retry(Reason::Unreadable)),
        (404, r#"{"error":"not found"}"#.to_owned(), retry(Reason::Unreadable)),
        (400, recorded("<html>"), retry(Reason::Unreadable)),
        (404, recorded(""), retry(Reason::Unreadable)),
        (302, recorded(""), retry(Reason::Unreadable)),
        (200, recorded(""), retry(Reason::Unreadable)),
        (200, PAGE[..PAGE.len() / 2].to_owned(), retry(Reason::Unreadable)),
        (200, recorded(r#"{"paging":{}}"#), retry(Reason::Unreadable)),
        (429, recorded(""), retry(Reason::RateLimited)),
        (502, recorded("<html>"), retry(Reason::Unavailable)),
    ] {
        assert_eq!(classify_certificates(&answer(status, &body)), expected, "{status} {body}");
    }
}

#[test]
fn code_100_means_something_else_for_an_id() {
    for members in [json!({"code": 100}), json!({"code": 100, "error_subcode": 33})] {
        let body = error(members);
        let not_found = Classification::Failed { reason: Reason::NotFound };
        assert_eq!(classify_certificate(&answer(400, &body)), not_found);
    }
    // An object of another kind has an id, and no member of a certificate.
    let other = answer(200, r#"{"id":"12"}"#);
    assert_eq!(classify_certificate(&other), Classification::Failed { reason: Reason::NotFound });
    // What has no id is not from the Graph API.
    for foreign in ["{}", r#"{"status":"ok"}"#] {
        let retry = Classification::Retry { reason: Reason::Unreadable, after: None };
        assert_eq!(classify_certificate(&answer(200, foreign)), retry, "{foreign}");
    }
}

#[test]
fn a_retired_list_of_domains_is_gone_like_the_search() {
    let refused = Classification::Failed { reason: Reason::Refused };
    let gone = Classification::Gone { reason: Reason::Retired };
    for (members, expected) in
        [(json!({"code": 100}), refused), (json!({"code": 100, "error_subcode": 33}), gone)]
    {
        assert_eq!(classify_subscribed_domains(&answer(400, &error(members))), expected);
    }
}

#[test]
fn a_page_of_certificates_is_read() {
    let Classification::Good(page) = classify_certificates(&answer(200, PAGING)) else {
        panic!("not good")
    };
    assert_eq!(page.after.as_deref(), Some("QVF..."));
    let [found] = page.certificates.as_slice() else { panic!("one certificate") };
    assert_eq!(
        (found.id.as_deref(), found.sha256.as_str(), &found.pem),
        (Some("1662768163744657"), SHA, &None)
    );
    assert_eq!(found.certificate.not_before.as_deref(), Some("2016-12-09T00:00:00Z"));
    assert_eq!(found.certificate.not_after.as_deref(), Some("2018-01-25T12:00:00Z"));
    assert_eq!(
        found.certificate.subject.as_deref(),
        Some("CN=*.facebook.com,O=Facebook\\, Inc.,C=US")
    );

    let Classification::Good(page) = classify_certificates(&answer(200, PAGE)) else {
        panic!("not good")
    };
    assert_eq!((page.after, page.certificates.len()), (None, 1));
    assert!(page.certificates[0].pem.as_ref().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));

    let odd = json!({"data": [null, {}, {"id": "5"}, {"id": "a/b"}, {"cert_hash_sha256": SHA.to_uppercase()}]}).to_string();
    let Classification::Good(page) = classify_certificates(&answer(200, &odd)) else {
        panic!("not good")
    };
    let names: Vec<_> = page.certificates.iter().map(|found| found.sha256.as_str()).collect();
    assert_eq!(names, ["5", SHA]);
}

/// The last page has cursors, but no `next`. `next` itself holds the token, so its address is not
/// used.
#[test]
fn a_next_page_is_known_by_next_and_found_by_its_cursor() {
    let page = |paging: Value| match classify_certificates(&answer(
        200,
        &json!({"data": [], "paging": paging}).to_string(),
    )) {
        Classification::Good(page) => page.after,
        other => panic!("{other:?}"),
    };
    let next = "https://graph.facebook.com/certificates?access_token=SECRET&after=QVF";
    assert_eq!(page(json!({"cursors": {"after": "QVF"}, "next": next})).as_deref(), Some("QVF"));
    for last in [
        json!({"cursors": {"after": "QVF"}}),
        json!({"cursors": {}, "next": next}),
        json!({"next": next}),
        json!(null),
    ] {
        assert_eq!(page(last), None);
    }
}

#[test]
fn a_page_of_subscribed_domains_is_read() {
    let text = include_str!("answers/meta.api.subscribed_domains.page_200.json");
    let Classification::Good(page) = classify_subscribed_domains(&answer(200, text)) else {
        panic!("not good")
    };
    assert_eq!(page.domains, ["fb.com", "f8.com", "digicert.com", "facebook.com"]);
    assert_eq!(page.after, None);
}

#[test]
fn a_certificate_is_found_by_its_id() {
    let found = json!({"id": "5", "cert_hash_sha256": SHA}).to_string();
    let Classification::Good(found) = classify_certificate(&answer(200, &found)) else {
        panic!("not good")
    };
    assert_eq!((found.id.as_deref(), found.sha256.as_str()), (Some("5"), SHA));
    let cut = Answer { status: 200, retry_after: None, body: br#"{"id":"5""# };
    assert_eq!(
        classify_certificate(&cut),
        Classification::Retry { reason: Reason::Unreadable, after: None }
    );
}
