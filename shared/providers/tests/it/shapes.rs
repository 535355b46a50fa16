use std::time::Duration;

use envelope::{Envelope, Reason};
use providers::api::{Classification, retry_after};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::{dispatch, fair_queue};
use serde_json::{Value, json};

use crate::support::only;

#[test]
fn retry_after_is_seconds_or_a_date() {
    // Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, 5.6.7)
    let now = 784_111_777 - 60;
    for (value, expected) in [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("86400", Some(86_400)),
        ("86401", Some(86_400)),
        ("99999999999999999999999", Some(86_400)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("Fri, 06 Nov 2099 08:49:37 GMT", Some(86_400)),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("soon", None),
        ("1, 2", None),
    ] {
        assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value}");
    }
}

fn group(envelope: &Envelope) -> String {
    fair_queue::group(envelope, &dispatch::interpret(envelope).unwrap())
}

#[test]
fn groups_are_by_order_or_hostname() {
    let issued = |order: u64, certificate: u64| {
        let data = json!({"order_id": order, "certificate_id": certificate});
        group(&only::<DigicertReceiver>(json!({"event": "certificate_issued", "data": data})))
    };
    assert_eq!(issued(1, 2), "digicert/order/1");
    assert_eq!(issued(1, 2), issued(1, 3));
    let notice = json!({"event": "domain_expired", "data": {"name": "a.example"}});
    assert_eq!(group(&only::<DigicertReceiver>(notice)), "digicert/domain/a.example");
    let hostname = |name: &str| {
        let kind = "ssl.custom_hostname_certificate.issuance.failed";
        let body = json!({"metadata": {"event": {"type": kind}}, "data": {"hostname": name}});
        group(&only::<CloudflareReceiver>(body))
    };
    assert_eq!(hostname("a.example"), "cloudflare/hostname/a.example");
    let entry = json!([{"changed_fields": ["certificate"], "id": "5"}]);
    let alert = json!({"object": "certificate_transparency", "entry": entry});
    assert_eq!(group(&only::<MetaReceiver>(alert)), "meta/certificate/5");

    // A name that is too long, or in letters that SQS does not allow, has the same group each time,
    // and no other name has it.
    for name in [format!("{}.example", "a".repeat(120)), "bücher.example".to_owned()] {
        let hashed = hostname(&name);
        assert!(hashed.is_ascii() && hashed.len() == "cloudflare/".len() + 64, "{hashed}");
        assert_eq!(hashed, hostname(&name));
        assert_ne!(hashed, hostname(&format!("{name}x")));
    }
}

#[test]
fn only_sources_of_providers_are_interpreted() {
    let mut envelope = only::<DigicertReceiver>(json!({"event": "x"}));
    for (source, is_provider) in [
        ("/digicert/certcentral", true),
        ("/cloudflare", true),
        ("/cloudflare/zones/z", true),
        ("/meta/certificate-transparency", true),
        ("digicert/certcentral", false),
        ("/digicertx", false),
        ("/", false),
        ("", false),
    ] {
        envelope.source = source.to_owned();
        assert_eq!(dispatch::interpret(&envelope).is_some(), is_provider, "{source}");
    }
}

/// An envelope from the queue need not be one that a receiver made.
#[test]
fn any_envelope_is_interpreted() {
    for source in ["/digicert/certcentral", "/cloudflare", "/meta/certificate-transparency"] {
        for data in [
            "null",
            "7",
            "[]",
            "{}",
            r#"{"event":7}"#,
            r#"{"object":"certificate_transparency","entry":[]}"#,
        ] {
            let mut envelope = only::<DigicertReceiver>(json!({"event": "x"}));
            envelope.source = source.to_owned();
            envelope.data = serde_json::from_str(data).unwrap();
            let interpretation = dispatch::interpret(&envelope).unwrap();
            assert_eq!(interpretation.kind, envelope::EventType::Unrecognised, "{source} {data}");
            assert!(
                interpretation.subject.split('/').all(|segment| !segment.is_empty()),
                "{}",
                interpretation.subject
            );
        }
    }
}

#[test]
fn only_a_good_answer_is_classified_further() {
    let classify = |value: u8| Classification::Good(value + 1);
    assert_eq!(Classification::Good(1).and_then(classify), Classification::Good(2));
    let failed = Classification::Failed { reason: Reason::Refused };
    assert_eq!(failed.and_then(classify), Classification::Failed { reason: Reason::Refused });
    assert_eq!(
        Classification::Good(1).and_then(|_| Classification::<Value>::BadCertificate),
        Classification::BadCertificate
    );
}
