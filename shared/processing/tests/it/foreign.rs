//! Answers that are not the provider's own, and refusals that are about one thing only.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::time::Duration;
use boot::Environment;
use envelope::{Outcome, Provider, Reason};
use processing::{Disposition, Keys, Ports, Settings, Worker};
use serde_json::{Value, json};

use crate::bench::{TestWorker, envelope, issued, message, rejected, revoked};
use crate::fakes::{Fake, Key};
use crate::scripted::{Scripted, http};

const PAGE: &[u8] = b"<html><body>Request unsuccessful. Incapsula incident ID: 1</body></html>";
const DETAILS: &[u8] =
    br#"{"success":true,"errors":[],"result":{"id":"h","ssl":{"status":"active"}}}"#;

/// A worker whose providers are all `api`.
fn worker(api: &str, key: &'static str) -> (Arc<TestWorker>, Fake, Key) {
    let budget = "none";
    let environment: Environment = [
        ("DIGICERT_API_BASE", api),
        ("DIGICERT_API_BUDGET", budget),
        ("CLOUDFLARE_API_BASE", api),
        ("CLOUDFLARE_API_BUDGET", budget),
        ("META_API_BASE", api),
        ("META_API_BUDGET", budget),
        ("META_DOMAINS", "a.example"),
    ]
    .into_iter()
    .collect();
    let (fake, key) = (Fake::default(), Key::new(key));
    let ports = Ports {
        events: fake.clone(),
        deliveries: fake.clone(),
        ledger: fake.clone(),
        archive: fake.clone(),
    };
    let keys: Keys<_> =
        Provider::ALL.iter().map(|provider| (*provider, key.clone())).collect::<BTreeMap<_, _>>();
    let settings = Settings::from_environment(&environment).unwrap();
    (Arc::new(Worker::new(&settings, ports, keys).unwrap()), fake, key)
}

fn issuance(id: &str, zone: &str) -> Value {
    let kind = "ssl.custom_hostname_certificate.issuance.succeeded";
    let metadata = json!({"event": {"type": kind}, "zone": {"id": zone}});
    let document =
        json!({"metadata": metadata, "data": {"id": "h", "hostname": "a.example"}, "event": "x"});
    let mut envelope = envelope(id, Duration::ZERO, &document);
    envelope["source"] = json!(format!("/cloudflare/zones/{zone}"));
    envelope
}

fn observed(id: &str) -> Value {
    let entry = json!({"id": "12", "time": 1, "changed_fields": ["certificate"]});
    let document = json!({"object": "certificate_transparency", "entry": [entry], "event": "x"});
    let mut envelope = envelope(id, Duration::ZERO, &document);
    envelope["source"] = json!("/meta/certificate-transparency");
    envelope
}

/// Every provider and every call: a page, an empty body, a foreign document, and the API's own words
/// compressed end nothing, delete nothing and hold nothing as a refused key would.
#[tokio::test]
async fn what_is_not_the_providers_own_is_tried_again() {
    let api = Scripted::start().await;
    let gone = br#"{"success":false,"errors":[{"code":1436}]}"#;
    let unknown = br#"{"errors":[{"code":"not_found|order","message":"no order"}]}"#;
    let retired = br#"{"error":{"type":"GraphMethodException","code":100,"error_subcode":33}}"#;
    let zip = "content-encoding: gzip\r\n";
    let answers = [
        ("a page", 403, "", PAGE),
        ("a page", 404, "", PAGE),
        ("a page", 401, "", PAGE),
        ("a page", 410, "", PAGE),
        ("a page", 200, "", PAGE),
        ("nothing", 403, "", b"".as_slice()),
        ("nothing", 404, "", b""),
        ("another API", 403, "", br#"{"message":"Forbidden"}"#),
        ("another API", 404, "", br#"{"error":{"code":404,"message":"no route"}}"#),
        ("a list", 404, "", b"[]"),
        ("encoded", 404, zip, gone),
        ("encoded", 404, zip, unknown),
        ("encoded", 400, zip, retired),
        ("encoded", 200, "Content-Encoding: br\r\n", DETAILS),
        ("encoded", 200, "content-encoding: identity\r\ncontent-encoding: gzip\r\n", DETAILS),
    ];
    for (name, status, headers, body) in answers {
        api.answer("/", http(status, headers, body));
        let (worker, fake, _) = worker(&api.base, "right");
        for (id, event) in [
            ("issued", issued("issued", Duration::ZERO)),
            ("old", issued("old", Duration::days(9))),
            ("revoked", revoked("revoked")),
            ("rejected", rejected("rejected", Duration::hours(1))),
            ("cloudflare", issuance("cloudflare", "z")),
            ("meta", observed("meta")),
        ] {
            let disposition = worker.process(&message("r", &event)).await;
            assert_eq!(disposition, Disposition::Requeued, "{name} {status} {headers}{id}");
            let back = fake.state().sent.pop().unwrap();
            assert!(back.delay.as_secs() <= 2, "{name} {status} {id}: {:?}", back.delay);
        }
    }
    let encodings = |head: &String| head.to_lowercase().contains("accept-encoding: identity\r\n");
    assert!(api.requests().iter().all(encodings));
}

/// Nothing but the end of trying ends it.
#[tokio::test]
async fn a_block_of_ten_days_expires() {
    let api = Scripted::start().await;
    api.answer("/", http(403, "", PAGE));
    let (worker, fake, _) = worker(&api.base, "right");
    let old = rejected("old", Duration::days(10));
    assert_eq!(worker.process(&message("r", &old)).await, Disposition::Delivered);
    let callback = &fake.events()[0].data.callback;
    assert_eq!((callback.outcome, callback.reason), (Outcome::Failed, Some(Reason::Expired)));
}

/// The token may not read zone B. Its events end at once, however many come, and those of zone A are
/// asked about as before.
#[tokio::test]
async fn a_zone_that_the_token_may_not_read_holds_no_other_zone() {
    let forbidden = br#"{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}]}"#;
    let refused =
        br#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#;
    let verified = br#"{"success":true,"errors":[],"result":{"id":"t","status":"active"}}"#;
    for body in [forbidden.as_slice(), refused] {
        let api = Scripted::start().await;
        api.answer("/zones/a", http(200, "", DETAILS));
        api.answer("/zones/b", http(403, "", body));
        api.answer("/user/tokens/verify", http(200, "", verified));
        let (worker, fake, _) = worker(&api.base, "right");
        for number in 0..40 {
            let event = issuance(&format!("b{number}"), "b");
            assert_eq!(worker.process(&message("r", &event)).await, Disposition::Delivered);
        }
        assert_eq!(
            worker.process(&message("r", &issuance("a", "a"))).await,
            Disposition::Delivered
        );
        let events = fake.events();
        let results: Vec<_> = events.iter().map(|event| &event.data.callback).collect();
        assert!(results[..40].iter().all(|result| result.reason == Some(Reason::Forbidden)));
        assert_eq!(results[40].outcome, Outcome::Queried);
        // The provider's word counts for a minute, so that the calls are not doubled.
        assert_eq!(api.count("/user/tokens/verify"), 1);
        assert_eq!(fake.state().sent.len(), 0);
    }
}

/// When the token itself is refused, its events are held and the breaker opens, whatever the code is.
#[tokio::test]
async fn a_refused_token_holds_every_zone() {
    let doubtful = br#"{"success":false,"errors":[{"code":10000}]}"#;
    let invalid = br#"{"success":false,"errors":[{"code":1000,"message":"Invalid API Token"}]}"#;
    for (details, verify) in [
        (http(403, "", doubtful), http(401, "", invalid)),
        (http(403, "", doubtful), http(403, "", doubtful)),
        (http(401, "", doubtful), http(500, "", b"")),
        (http(400, "", br#"{"success":false,"errors":[{"code":6003}]}"#), http(500, "", b"")),
    ] {
        let api = Scripted::start().await;
        api.answer("/zones", details);
        api.answer("/user/tokens/verify", verify);
        let (worker, fake, key) = worker(&api.base, "wrong");
        for number in 0..6 {
            let zone = format!("z{number}");
            let event = issuance(&number.to_string(), &zone);
            assert_eq!(worker.process(&message("r", &event)).await, Disposition::Requeued);
        }
        assert_eq!(api.count("/zones"), 4, "the breaker opens after four");
        assert!(fake.state().sent.iter().all(|sent| sent.delay.as_secs() == 900));
        // Another key is used at once, and what waits for it is released.
        api.answer("/zones", http(200, "", DETAILS));
        worker.release_held().await.unwrap();
        assert!(fake.state().made_due.is_empty(), "the key is the same");
        *key.0.lock().unwrap() = Some("right");
        worker.release_held().await.unwrap();
        worker.release_held().await.unwrap();
        assert_eq!(fake.state().made_due, [Provider::CLOUDFLARE]);
        assert_eq!(
            worker.process(&message("r", &issuance("n", "n"))).await,
            Disposition::Delivered
        );
    }
}

/// Whether the key is good was not found out, so nothing is final.
#[tokio::test]
async fn a_refusal_that_cannot_be_looked_into_is_tried_again() {
    let doubtful = br#"{"success":false,"errors":[{"code":10000}]}"#;
    for verify in [http(403, "", PAGE), http(500, "", b""), http(429, "", b""), Vec::new()] {
        let api = Scripted::start().await;
        api.answer("/zones", http(403, "", doubtful));
        api.answer("/user/tokens/verify", verify);
        let (worker, fake, _) = worker(&api.base, "right");
        for number in 0..20 {
            let event = issuance(&number.to_string(), "z");
            assert_eq!(worker.process(&message("r", &event)).await, Disposition::Requeued);
        }
        assert!(fake.state().sent.iter().all(|sent| sent.delay.as_secs() <= 2));
        // The provider answered, so the other zones are not held.
        api.answer("/zones/a", http(200, "", DETAILS));
        assert_eq!(
            worker.process(&message("r", &issuance("a", "a"))).await,
            Disposition::Delivered
        );
    }
}

/// A key that was spoilt where it is stored is a fault of our own: no provider is called with it.
#[tokio::test]
async fn a_key_with_a_control_character_makes_no_call() {
    for key in ["abc\ndef", "abc\rdef", "a\0b", "a\u{7f}b", "a\u{9b}b", "k\u{e4}y"] {
        let api = Scripted::start().await;
        let (worker, fake, stored) = worker(&api.base, key);
        let events = [issued("i", Duration::ZERO), issuance("c", "z"), observed("m")];
        for event in &events {
            assert_eq!(
                worker.process(&message("r", event)).await,
                Disposition::Requeued,
                "{key:?}"
            );
        }
        assert_eq!(api.requests().len(), 0, "{key:?}");
        assert!(fake.state().sent.iter().all(|sent| sent.delay.as_secs() == 900));
        *stored.0.lock().unwrap() = Some("right");
        worker.release_held().await.unwrap();
        assert_eq!(fake.state().made_due.len(), 3, "every provider");
        api.answer("/", http(200, "", DETAILS));
        assert_eq!(worker.process(&message("r", &events[1])).await, Disposition::Delivered);
    }
}

#[tokio::test]
async fn nobody_who_listens_is_said_as_such() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (worker, fake, _) = worker(&format!("http://{free}"), "right");
    let old = rejected("old", Duration::days(10));
    assert_eq!(worker.process(&message("r", &old)).await, Disposition::Delivered);
    assert_eq!(fake.events()[0].data.callback.reason, Some(Reason::Expired));
    let young = rejected("young", Duration::ZERO);
    assert_eq!(worker.process(&message("r", &young)).await, Disposition::Requeued);
}

/// Addresses of people are neither archived nor delivered nor requeued, unless the operator wants them.
#[tokio::test]
async fn approval_emails_are_left_out_unless_they_are_asked_for() {
    for (keep, count) in [(None, 0), (Some("false"), 0), (Some("true"), 1)] {
        let api = Scripted::start().await;
        api.answer("/", http(200, "", br#"{"id":1,"status":"pending"}"#));
        let settings = [("DIGICERT_API_BASE", api.base.as_str())];
        let keep = keep.map(|keep| ("DIGICERT_APPROVAL_EMAILS", keep));
        let environment: Environment = settings.into_iter().chain(keep).collect();
        let fake = Fake::default();
        let ports = Ports {
            events: fake.clone(),
            deliveries: fake.clone(),
            ledger: fake.clone(),
            archive: fake.clone(),
        };
        let keys = Keys::from([(Provider::DIGICERT, Key::new("right"))]);
        let settings = Settings::from_environment(&environment).unwrap();
        let worker = Arc::new(Worker::new(&settings, ports, keys).unwrap());
        let data = json!({
            "order_id": 1, "certificate_id": 2, "orderApprovalEmailStatus": "sent",
            "orderApprovalEmails": ["person@example.com"],
        });
        let document = json!({"event": "order_approval_email_sent", "data": data});
        let event = envelope("e", Duration::ZERO, &document);
        assert_eq!(worker.process(&message("r", &event)).await, Disposition::Delivered);
        let state = fake.state();
        let holds = |text: &str| usize::from(text.contains("person@"));
        let archived = state.archive.values().map(|body| String::from_utf8_lossy(body));
        assert_eq!(archived.map(|body| holds(&body)).sum::<usize>(), count);
        assert_eq!(state.published.iter().map(|one| holds(&one.body)).sum::<usize>(), count);
        assert!(state.published[0].body.contains("orderApprovalEmailStatus"));
    }
}
