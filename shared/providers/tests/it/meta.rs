use envelope::{EventType, Names};
use providers::dispatch;
use providers::interpretation::Plan;
use providers::meta::MetaReceiver;
use providers::receiver::InvalidDocument;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::support::{NOON, events, only, read};

const SHA: &str = "152151b387412a95ab90fd4664f2d98880408e9e43913124e4c91226a483386b";

fn batch(entry: Value) -> Value {
    json!({"entry": entry, "object": "certificate_transparency"})
}

fn change(field: &str, value: Value) -> Value {
    batch(
        json!([{"id": "99", "time": 1_510_160_948, "changes": [{"field": field, "value": value}]}]),
    )
}

#[test]
fn the_envelope_holds_the_update() {
    let envelope = only::<MetaReceiver>(change("phishing", json!({"phished_domain": "a.example"})));
    assert_eq!(envelope.kind, "com.facebook.certificate_transparency.phishing");
    assert_eq!(envelope.source, "/meta/certificate-transparency");
    assert_eq!(envelope.subject, "meta/domain/a.example");
    assert_eq!((envelope.time, envelope.receivedtime), (datetime!(2017-11-08 17:09:08 UTC), NOON));
}

#[test]
fn the_time_is_the_entrys_if_it_is_plausible() {
    for (time, expected) in [
        (json!(1_510_160_948), datetime!(2017-11-08 17:09:08 UTC)),
        (json!("1510160948"), datetime!(2017-11-08 17:09:08 UTC)),
        (json!(-1), NOON),
        (json!(1.5), NOON),
        (json!(u64::MAX), NOON),
        (json!(253_402_300_800_u64), NOON),
        (json!("soon"), NOON),
        (json!(null), NOON),
    ] {
        let entry = json!([{"id": "1", "time": time, "changed_fields": ["certificate"]}]);
        assert_eq!(only::<MetaReceiver>(batch(entry)).time, expected, "{time}");
    }
}

#[test]
fn a_body_that_is_no_batch_is_refused() {
    for (body, refusal) in [
        (json!({"entry": []}), InvalidDocument::OtherObject("certificate_transparency")),
        (
            json!({"object": "user", "entry": []}),
            InvalidDocument::OtherObject("certificate_transparency"),
        ),
        (
            json!({"object": null, "entry": []}),
            InvalidDocument::OtherObject("certificate_transparency"),
        ),
        (json!({"object": "certificate_transparency"}), InvalidDocument::NoEntry),
        (batch(json!(null)), InvalidDocument::NoEntry),
        (batch(json!({})), InvalidDocument::NoEntry),
        (batch(json!("x")), InvalidDocument::NoEntry),
    ] {
        assert_eq!(events::<MetaReceiver>(&body.to_string()).unwrap_err(), refusal, "{body}");
    }
    assert!(events::<MetaReceiver>(&batch(json!([])).to_string()).unwrap().is_empty());
}

#[test]
fn a_certificate_is_searched_by_the_best_id() {
    for (value, subject, certificate_id) in [
        (json!({"ct_cert": {"id": "5", "cert_hash_sha256": SHA.to_uppercase()}}), SHA, "5"),
        (json!({"id": "5", "cert_hash_sha256": SHA}), SHA, "5"),
        (json!({"id": 5}), "5", "5"),
        (json!({"certificate_id": "5_6"}), "5_6", "5_6"),
        (json!({"ct_cert": {}, "id": "5"}), "5", "5"),
        (json!({"id": "../../x"}), "99", "99"),
        (json!({"cert_hash_sha256": "f2297..."}), "99", "99"),
        (json!("opaque"), "99", "99"),
        (json!(null), "99", "99"),
    ] {
        let interpretation = read::<MetaReceiver>(change("certificate", value.clone()));
        assert_eq!(interpretation.kind, EventType::CtCertificateObserved);
        assert_eq!(
            (interpretation.subject, interpretation.plan),
            (format!("meta/certificate/{subject}"), Plan::CallBack),
            "{value}"
        );
        assert_eq!(interpretation.identifiers["certificate_id"], certificate_id, "{value}");
        assert_eq!(interpretation.event, "certificate");
        assert_eq!(interpretation.identifiers["entry_id"], "99");
    }
    let by_field =
        batch(json!([{"id": "1381739901945384", "changed_fields": ["certificate"], "time": 1}]));
    let by_field = read::<MetaReceiver>(by_field);
    assert_eq!(by_field.identifiers["certificate_id"], "1381739901945384");
    let unusable = batch(json!([{"id": "a/b", "changed_fields": ["certificate"]}]));
    let unusable = read::<MetaReceiver>(unusable);
    assert_eq!(unusable.plan, Plan::CallBack);
    assert_eq!(
        (unusable.subject.as_str(), unusable.identifiers.len()),
        ("meta/certificate/unknown", 0)
    );
}

#[test]
fn the_certificate_in_an_event_is_read() {
    let described = json!({"ct_cert": {
        "id": "5", "cert_hash_sha256": SHA, "domains": ["a.example"], "issuer_name": "/C=US/CN=I",
        "subject_name": "/CN=a.example", "not_valid_before": "2016-12-09T00:00:00+0000",
        "not_valid_after": "never",
    }});
    let [certificate] =
        read::<MetaReceiver>(change("certificate", described)).certificates.try_into().unwrap();
    assert_eq!(certificate.fingerprint_sha256.as_deref(), Some(SHA));
    assert_eq!(certificate.not_before.as_deref(), Some("2016-12-09T00:00:00Z"));
    assert_eq!(certificate.not_after, None);
    assert_eq!(
        (certificate.issuer.as_deref(), certificate.subject.as_deref()),
        (Some("CN=I,C=US"), Some("CN=a.example"))
    );
    assert_eq!(
        certificate.names,
        Some(Names { dns: vec!["a.example".into()], ..Names::default() })
    );

    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let interpretation = read::<MetaReceiver>(change(
        "phishing",
        json!({"ct_cert": {"cert_hash_sha256": SHA, "certificate_pem": pem}}),
    ));
    assert_eq!((interpretation.pem.as_deref(), interpretation.certificates.len()), (Some(pem), 0));
    let interpretation =
        read::<MetaReceiver>(change("phishing", json!({"ct_cert": {"certificate_pem": "none"}})));
    assert_eq!((interpretation.pem, interpretation.certificates.len()), (None, 0));
}

#[test]
fn usable_suspected_names_are_kept_and_others_reported() {
    let names = json!([
        "facebook.com.evil.com",
        "xn\u{2014}facbook-9gg.ml",
        "xn--facbook-9gg.ml",
        "facebook.com.evil.com",
        "*.evil.example",
        "evil.example.",
        "bücher.example",
        "a..b",
        "a\r\nb.c",
        "-a.b",
        "a-.b",
        "com",
        "",
        "a_b.c",
        "a b.c",
        "a/b.c",
        7,
        null,
        "\u{202e}moc.evil",
    ]);
    let value = json!({"ct_cert": {"id": "123"}, "phishing_domains": names, "phished_domain": "facebook.com"});
    let interpretation = read::<MetaReceiver>(change("phishing", value));
    let domains = ["facebook.com.evil.com", "xn--facbook-9gg.ml", "evil.example", "bücher.example"]
        .map(String::from);
    assert_eq!(Value::from(&domains[..]), interpretation.identifiers["phishing_domains"]);
    assert_eq!(interpretation.identifiers["certificate_id"], "123");
    assert_eq!(interpretation.plan, Plan::CallBack);
    assert_eq!(interpretation.problems.len(), 13);
    assert!(
        interpretation.problems[0].contains("xn\u{2014}facbook-9gg.ml"),
        "{}",
        interpretation.problems[0]
    );
    assert!(interpretation.problems[0].contains("U+2014"), "{}", interpretation.problems[0]);
    for problem in &interpretation.problems {
        assert!(!problem.chars().any(|c| c.is_control() || c == '\u{202e}'), "{problem}");
    }
    assert_eq!(
        (interpretation.subject.as_str(), interpretation.identifiers["domain"].as_str()),
        ("meta/domain/facebook.com", Some("facebook.com"))
    );
}

#[test]
fn names_have_at_most_253_and_labels_63_characters() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    for (name, is_usable) in [
        (longest.clone(), true),
        (format!("{longest}a"), false),
        (format!("{label}.b"), true),
        (format!("{label}a.b"), false),
    ] {
        let interpretation =
            read::<MetaReceiver>(change("phishing", json!({"phishing_domains": [name]})));
        assert_eq!(interpretation.problems.is_empty(), is_usable, "{name}");
    }
}

#[test]
fn phishing_without_names_is_searched_by_id() {
    for value in [
        json!({}),
        json!(null),
        json!({"phishing_domains": "a.example"}),
        json!({"phishing_domains": [null]}),
    ] {
        let interpretation = read::<MetaReceiver>(change("phishing", value));
        assert_eq!(interpretation.plan, Plan::CallBack);
        assert_eq!(interpretation.identifiers["phishing_domains"], json!([]));
        assert_eq!(interpretation.identifiers["certificate_id"], "99");
    }
    let empty = batch(json!([{"changed_fields": ["phishing"]}]));
    let empty = read::<MetaReceiver>(empty);
    assert_eq!((empty.plan, empty.subject.as_str()), (Plan::UnusableId, "meta/domain/unknown"));
}

#[test]
fn unknown_fields_are_unrecognised() {
    for (entry, kind, subject) in [
        (json!({"changed_fields": ["new field"]}), "new_field", "meta/event/new%20field"),
        (json!({"changes": [{"field": "leaf", "value": 1}]}), "leaf", "meta/event/leaf"),
        (json!({"changes": [{"value": 1}]}), "unknown", "meta/event/unknown"),
        (json!({"changes": [7]}), "unknown", "meta/event/unknown"),
        (json!({"changed_fields": [null]}), "unknown", "meta/event/unknown"),
        (json!({"changes": [], "changed_fields": []}), "unknown", "meta/event/unknown"),
        (json!({"changes": {"field": "certificate"}}), "unknown", "meta/event/unknown"),
        (json!({}), "unknown", "meta/event/unknown"),
        (json!(null), "unknown", "meta/event/unknown"),
        (json!("x"), "unknown", "meta/event/unknown"),
    ] {
        let body = batch(json!([entry]));
        let envelope = only::<MetaReceiver>(&body);
        assert_eq!(envelope.kind, format!("com.facebook.certificate_transparency.{kind}"));
        assert_eq!(envelope.data.get().parse::<Value>().unwrap(), body);
        let interpretation = dispatch::interpret(&envelope).unwrap();
        assert_eq!(
            (interpretation.kind, interpretation.plan),
            (EventType::Unrecognised, Plan::NotNeeded)
        );
        assert_eq!(interpretation.subject, subject, "{body}");
    }
}
