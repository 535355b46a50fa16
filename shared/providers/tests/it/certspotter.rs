//! Cert Spotter's requests, and what its events mean.

use data_encoding::BASE64;
use envelope::EventType;
use providers::certspotter::CertspotterReceiver;
use providers::enrich::{Next, Reply};
use providers::interpretation::Plan;
use providers::profile;
use providers::receiver::{InvalidDocument, OWN_PROBE, SecretFault, WebhookReceiver};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{events, headers, only, read, request, with};

const STORED: &str = r#"{"username":"monitor","password":"right:with colon"}"#;
const TBS: &str = "3b2f5c9ad1e0475886f4a7b9c0d1e2f30415263748596a7b8c9dae0f1a2b3c4d";

fn basic(credentials: &str) -> String {
    format!("Basic {}", BASE64.encode(credentials.as_bytes()))
}

fn verify(values: &[&str]) -> bool {
    let secret = CertspotterReceiver::secret(&STORED.into()).ok().unwrap();
    let values: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
    CertspotterReceiver::verify(&request(&headers(&values), "{}"), &secret)
}

fn document() -> Value {
    json!({
        "id": "2715166372",
        "html_url": "https://sslmate.com/console/monitoring/issuances/2715166372",
        "endpoints": [
            {"dns_name": "b.example.com", "monitored_domain": "example.com", "wildcard": false},
            {"dns_name": "a.example.com", "monitored_domain": "example.com", "wildcard": false},
        ],
        "issuance": {
            "id": "2715166372",
            "tbs_sha256": TBS,
            "dns_names": ["a.example.com", "b.example.com"],
            "not_before": "2026-11-01T00:00:00-05:00",
            "not_after": "2026-12-17T23:59:59Z",
            "cert_der": BASE64.encode(&[7; 100]),
        },
    })
}

#[test]
fn only_both_user_name_and_password_pass() {
    let right = basic("monitor:right:with colon");
    assert!(verify(&[&right]) && verify(&[&format!(" \t{right} ")]));
    assert!(verify(&[&right.replace("Basic", "bAsIC")]), "the scheme is in any case");
    let credentials = right.strip_prefix("Basic ").unwrap();
    for wrong in [
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        credentials.to_owned(),
        format!("Bearer {credentials}"),
        format!("Basic  {credentials}"),
        format!("Basic{credentials}"),
        format!("{right}, {right}"),
        right.trim_end_matches('=').to_owned() + "A",
        right.to_lowercase(),
        basic("monitor:wrong"),
        basic("monitor:"),
        basic("monitor"),
        basic(":right:with colon"),
        basic("other:right:with colon"),
        basic("right:with colon:monitor"),
        basic(""),
        "Basic monitor:right:with colon".to_owned(),
    ] {
        assert!(!verify(&[&wrong]), "{wrong}");
    }
    assert!(!verify(&[]) && !verify(&[&right, &right]) && !verify(&[&right, ""]));
    assert!(CertspotterReceiver::WWW_AUTHENTICATE.starts_with("Basic realm="));
}

#[test]
fn a_secret_without_user_name_or_password_is_none() {
    let fault = |stored: &str| CertspotterReceiver::secret(&SecretString::from(stored)).err();
    assert_eq!(fault(STORED), None);
    for (stored, expected) in [
        ("a plain string", SecretFault::Missing("password")),
        (r#"{"username":"u"}"#, SecretFault::Missing("password")),
        (r#"{"password":"p"}"#, SecretFault::Missing("username")),
        (r#"{"username":"","password":"p"}"#, SecretFault::Empty),
        (r#"{"username":"u","password":" "}"#, SecretFault::Empty),
        (r#"{"username":"not-filled-in","password":"p"}"#, SecretFault::NotFilledIn),
        (r#"{"username":"u","password":"not-filled-in"}"#, SecretFault::NotFilledIn),
        (r#"{"username":"u","password":"p""#, SecretFault::Malformed),
        ("", SecretFault::Empty),
    ] {
        assert_eq!(fault(stored), Some(expected), "{stored}");
    }
}

#[test]
fn a_certificate_is_observed_without_a_call_back() {
    let envelope = only::<CertspotterReceiver>(document());
    assert_eq!(envelope.source, "/certspotter");
    assert_eq!(envelope.kind, "com.sslmate.certspotter.unknown_certificate");
    assert_eq!(envelope.time, envelope.receivedtime, "the document says no time");
    let observed = read::<CertspotterReceiver>(document());
    assert_eq!((observed.kind, observed.plan), (EventType::CtCertificateObserved, Plan::NotNeeded));
    assert_eq!(observed.subject, format!("ct/certificate/{TBS}"));
    assert_eq!(
        Value::from(observed.identifiers),
        json!({
            "issuance_id": "2715166372",
            "tbs_sha256": TBS,
            "monitored_domains": ["example.com"],
        })
    );
    let pem = observed.pem.unwrap();
    let lines: Vec<_> = pem.lines().collect();
    assert_eq!(
        (lines[0], *lines.last().unwrap()),
        ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
    );
    let inner = &lines[1..lines.len() - 1];
    assert!(inner.iter().all(|line| line.len() <= 64), "{pem}");
    assert_eq!(BASE64.decode(inner.concat().as_bytes()).unwrap(), [7; 100]);
    let [described] = &observed.certificates[..] else { panic!("{:?}", observed.certificates) };
    assert_eq!(described.names.as_ref().unwrap().dns, ["a.example.com", "b.example.com"]);
    assert_eq!(described.not_before.as_deref(), Some("2026-11-01T05:00:00Z"));
    assert_eq!(described.tbs_sha256.as_deref(), Some(TBS));
    assert!(observed.problems.is_empty(), "{:?}", observed.problems);
}

#[test]
fn a_certificate_that_is_missing_or_no_base64_is_said() {
    let of = |document: Value| {
        let observed = read::<CertspotterReceiver>(document);
        (observed.pem.is_some(), observed.problems, observed.kind)
    };
    let observed = EventType::CtCertificateObserved;
    let none = |problem: &str| (false, vec![problem.to_owned()], observed);
    let cert_der = ["issuance", "cert_der"];
    let without = with(document(), &cert_der, None);
    assert_eq!(of(without.clone()), none("the event came without its certificate"));
    let garbage = with(document(), &cert_der, Some("no base64".into()));
    assert_eq!(of(garbage), none("issuance.cert_der is not Base64"));
    let older = |data: &str| {
        with(without.clone(), &["issuance", "cert"], Some(json!({"type": "precert", "data": data})))
    };
    assert_eq!(of(older("AAAA")), (true, Vec::new(), observed));
    assert_eq!(of(older("-")), none("issuance.cert.data is not Base64"));
}

#[test]
fn a_hash_that_is_none_names_nothing() {
    for wrong in [
        Value::Null,
        json!(""),
        json!(17),
        json!("../x"),
        json!(&TBS[1..]),
        json!(TBS.replace('a', "g")),
    ] {
        let document = with(document(), &["issuance", "tbs_sha256"], Some(wrong.clone()));
        let observed = read::<CertspotterReceiver>(document);
        assert_eq!(observed.subject, "ct/certificate/unknown", "{wrong}");
        assert!(!observed.identifiers.contains_key("tbs_sha256"), "{wrong}");
    }
    let upper = with(document(), &["issuance", "tbs_sha256"], Some(TBS.to_uppercase().into()));
    assert_eq!(read::<CertspotterReceiver>(upper).subject, format!("ct/certificate/{TBS}"));
}

/// The expected id is literal: it must not change between versions.
#[test]
fn the_id_is_that_of_the_issuance() {
    let id = |document: &Value| only::<CertspotterReceiver>(document).id;
    let first = id(&document());
    assert_eq!(first, providers::json::id(&["certspotter", "issuance", "2715166372"]));
    for (path, value) in [
        (&["endpoints"][..], json!([])),
        (&["issuance", "tbs_sha256"], json!("another")),
        (&["issuance", "id"], json!("5")),
        (&["id"], json!(2_715_166_372_u64)),
        (&["id"], Value::Null),
    ] {
        assert_eq!(id(&with(document(), path, Some(value.clone()))), first, "{path:?} {value}");
    }
    assert_ne!(id(&with(document(), &["id"], Some("2715166373".into()))), first);
    // Without any id it is the whole document, in whatever order.
    let bare = |names: &str| format!(r#"{{"issuance":{{"dns_names":["{names}"]}},"x":1}}"#);
    let [one, other] =
        ["a.example", "b.example"].map(|name| only::<CertspotterReceiver>(bare(name)).id);
    assert_ne!(one, other);
    let turned = r#"{"x":1, "issuance":{"dns_names":["a.example"]}}"#;
    assert_eq!(only::<CertspotterReceiver>(turned).id, one);
}

#[test]
fn events_of_another_kind_are_delivered_whole() {
    for (document, event) in [
        (json!({"id": "1", "endpoint": {"dns_name": "a.example"}}), "unknown"),
        (json!({"type": "endpoint_expiring", "x": 1}), "endpoint_expiring"),
        (json!({"event_type": "a b", "id": 5}), "a b"),
        (json!({"event": "known", "issuance": "no object"}), "known"),
    ] {
        let envelope = only::<CertspotterReceiver>(&document);
        assert_eq!(envelope.data.get(), document.to_string());
        let other = read::<CertspotterReceiver>(&document);
        assert_eq!((other.kind, other.plan), (EventType::Unrecognised, Plan::NotNeeded));
        assert_eq!(other.event, event);
        assert!(other.subject.starts_with("certspotter/event/"), "{}", other.subject);
        assert!(other.pem.is_none() && other.certificates.is_empty());
    }
}

#[test]
fn what_is_no_event_is_refused_and_the_probe_holds_none() {
    for body in ["{}", r#"{"text":"hello"}"#, r#"{"id":null}"#, r#"{"certhooks":"other"}"#] {
        let refused = events::<CertspotterReceiver>(body);
        assert!(matches!(refused, Err(InvalidDocument::NoEventName(_))), "{body}");
    }
    assert!(events::<CertspotterReceiver>(OWN_PROBE).unwrap().is_empty());
    assert_eq!(events::<CertspotterReceiver>("[]").err(), Some(InvalidDocument::NotAnObject));
}

#[test]
fn no_event_has_a_call_back_or_a_lifecycle() {
    let row = profile::of(envelope::Provider::CERTSPOTTER);
    assert!(!row.has_call_backs);
    let (envelope, interpretation) =
        (only::<CertspotterReceiver>(document()), read::<CertspotterReceiver>(document()));
    assert!(row.lifecycle_of(&envelope, &interpretation).is_none());
    let mut machine = (row.enrichers)(&|_| None).unwrap().enricher(&interpretation);
    assert!(matches!(machine.next(Reply::Start), Next::Done(_)));
}
