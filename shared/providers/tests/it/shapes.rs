use std::time::Duration;

use envelope::Reason;
use providers::api::{Classification, retry_after};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::envelope_builder::fair_queue_group;
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

/// The group is the tenant: the source, or its hash where SQS does not allow it.
#[test]
fn groups_are_by_source() {
    let zone = |id: &str| {
        let kind = "ssl.custom_hostname_certificate.issuance.failed";
        let metadata = json!({"event": {"type": kind}, "zone": {"id": id}});
        let body = json!({"metadata": metadata, "data": {"hostname": "a.example"}});
        fair_queue_group(&only::<CloudflareReceiver>(body).source)
    };
    let notice = json!({"event": "domain_expired", "data": {"name": "a.example"}});
    let notice = only::<DigicertReceiver>(notice);
    assert_eq!(fair_queue_group(&notice.source), "/digicert/certcentral");
    assert_eq!(zone("z1"), "/cloudflare/zones/z1");
    for source in [format!("/cloudflare/zones/{}", "a".repeat(120)), "/bücher".to_owned()] {
        let hashed = fair_queue_group(&source);
        assert!(hashed.is_ascii() && hashed.len() == 64, "{hashed}");
        assert_eq!(hashed, fair_queue_group(&source));
        assert_ne!(hashed, fair_queue_group(&format!("{source}x")));
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
    for source in envelope::Provider::ALL.iter().map(|provider| format!("/{provider}")) {
        for data in [
            "null",
            "7",
            "[]",
            "{}",
            r#"{"event":7}"#,
            r#"{"object":"certificate_transparency","entry":[]}"#,
        ] {
            let mut envelope = only::<DigicertReceiver>(json!({"event": "x"}));
            envelope.source.clone_from(&source);
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
