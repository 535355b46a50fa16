//! A certificate that the logs show is compared with what was issued, in any order, and after any failure.

use ::time::{Duration, OffsetDateTime};
use envelope::{CertificateEvent, Rule};
use processing::Disposition;
use processing::correlation::{Announcement, announce, settle_due};
use serde_json::{Value, json};

use crate::bench::{Bench, issued};
use crate::fakes::Step;
use crate::observed::event;

/// The certificate that CertCentral announces, as a log shows it.
async fn logged(bench: &Bench, age: Duration) -> Value {
    bench.process("first", &issued("e", Duration::ZERO)).await;
    let chain = bench.fake.events()[0].data.pem_chain.clone().unwrap();
    logged_as(&chain, age)
}

fn logged_as(pem: &str, age: Duration) -> Value {
    let der = pem.split("-----").nth(2).unwrap().split_whitespace().collect::<String>();
    let issuer = json!({"name": "CN=CA", "caa_domains": ["ca.example"]});
    event(
        &json!({"issuer": issuer, "problem_reporting": "Write to ca.example.", "cert_der": der}),
        age,
    )
}

fn unknown() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap();
    params.self_signed(&key).unwrap().pem()
}

/// Lets the worker process what it put on the queue, and returns the states that were delivered.
async fn states(bench: &Bench) -> Vec<CertificateEvent> {
    let sent = std::mem::take(&mut bench.fake.state().sent);
    for (number, message) in sent.iter().enumerate() {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        bench.process(&format!("state-{number}"), &body).await;
    }
    let mut events = bench.fake.events();
    events.retain(|event| event.data.correlation.is_some());
    events
}

fn kinds(events: &[CertificateEvent]) -> Vec<&str> {
    events.iter().map(|event| event.kind.trim_start_matches("certhooks.ct.certificate_")).collect()
}

async fn settle(bench: &Bench, after: Duration) {
    let now = OffsetDateTime::now_utc() + after;
    settle_due(&bench.fake, &bench.fake, None, now).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_was_announced_is_expected() {
    let bench = Bench::start().await;
    let logged = logged(&bench, Duration::ZERO).await;
    bench.process("second", &logged).await;
    let states = states(&bench).await;
    assert_eq!(kinds(&states), ["expected"]);
    let data = &states[0].data;
    let correlation = data.correlation.as_ref().unwrap();
    assert_eq!(correlation.rule, Some(Rule::TbsSha256));
    assert_eq!(correlation.issuance.as_ref().unwrap().id, "e");
    assert_eq!(Value::from(correlation.observation.clone()), logged["id"]);
    let tbs = data.certificates[0].tbs_sha256.as_ref().unwrap();
    assert_eq!(states[0].subject, format!("ct/certificate/{tbs}"));
    settle(&bench, Duration::days(2)).await;
    assert_eq!(bench.fake.envelopes().len(), 0, "nothing is left to say");
}

/// Every certificate that is issued is kept for comparison, so it takes little room.
#[tokio::test]
async fn an_announcement_is_one_item_with_what_is_compared() {
    let bench = Bench::start().await;
    bench.process("first", &issued("e", Duration::ZERO)).await;
    let state = bench.fake.state();
    let items: Vec<_> = state.items.values().collect();
    let [item] = &items[..] else { panic!("{items:?}") };
    assert!(item.partition.starts_with("ct/key/"), "{}", item.partition);
    let value: Value = serde_json::from_str(&item.value).unwrap();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&value), ["certificate", "id", "provider"]);
    assert_eq!(members(&value["certificate"]), ["names", "spki_sha256", "tbs_sha256"]);
}

/// A precertificate is logged before the provider tells.
#[tokio::test]
async fn what_is_logged_first_waits_for_its_announcement() {
    let bench = Bench::start().await;
    let pem = {
        let other = Bench::start().await;
        other.process("r", &issued("e", Duration::ZERO)).await;
        other.fake.events()[0].data.pem_chain.clone().unwrap()
    };
    bench.process("first", &logged_as(&pem, Duration::minutes(1))).await;
    settle(&bench, Duration::minutes(58)).await;
    assert_eq!(kinds(&states(&bench).await), [""; 0]);
    settle(&bench, Duration::minutes(60)).await;
    settle(&bench, Duration::minutes(61)).await;
    let states = states(&bench).await;
    assert_eq!(kinds(&states), ["unexpected"]);
    let correlation = states[0].data.correlation.as_ref().unwrap();
    assert_eq!((&correlation.rule, &correlation.issuance), (&None, &None));
    assert_eq!(correlation.caa_domains, ["ca.example"]);
    assert_eq!(correlation.problem_reporting.as_deref(), Some("Write to ca.example."));
}

#[tokio::test]
async fn an_unexpected_certificate_is_resolved_by_a_late_announcement() {
    let bench = Bench::with(&[("CT_GRACE_MINUTES", "0")]).await;
    let pem = unknown();
    bench.process("first", &logged_as(&pem, Duration::ZERO)).await;
    assert_eq!(kinds(&states(&bench).await), ["unexpected"]);
    let announcement = Announcement {
        id: "expect/1".to_owned(),
        provider: None,
        certificate: certificate::in_advance(&pem).unwrap(),
        pem: None,
        issuer: None,
    };
    let now = OffsetDateTime::now_utc();
    assert_eq!(announce(&bench.fake, &announcement, now).await.unwrap(), 1);
    settle(&bench, Duration::ZERO).await;
    let states = states(&bench).await;
    assert_eq!(kinds(&states), ["unexpected", "resolved"]);
    let issuance = states[1].data.correlation.as_ref().unwrap().issuance.clone().unwrap();
    assert_eq!((issuance.id.as_str(), issuance.provider), ("expect/1", None));
}

#[tokio::test]
async fn an_expected_issuer_ends_an_alarm_for_its_names_only() {
    let bench = Bench::with(&[("CT_GRACE_MINUTES", "0")]).await;
    bench.process("first", &logged_as(&unknown(), Duration::ZERO)).await;
    for (names, expected) in [("other.example", 1), (".shop.example", 2)] {
        let certificate = envelope::Certificate {
            names: Some(envelope::Names { dns: vec![names.into()], ..envelope::Names::default() }),
            ..envelope::Certificate::default()
        };
        let (id, issuer) = (format!("expect/{names}"), Some("ca.example".to_owned()));
        let announcement = Announcement { id, provider: None, certificate, pem: None, issuer };
        announce(&bench.fake, &announcement, OffsetDateTime::now_utc()).await.unwrap();
        settle(&bench, Duration::ZERO).await;
        assert_eq!(states(&bench).await.len(), expected, "{names}");
    }
}

/// Whatever fails, the event comes again, and with it what follows from it, once.
#[tokio::test]
async fn a_failure_anywhere_loses_and_doubles_nothing() {
    for failing in [Step::PutItem, Step::Items, Step::Send, Step::Publish, Step::Record] {
        let bench = Bench::with(&[("CT_GRACE_MINUTES", "0")]).await;
        let logged = logged_as(&unknown(), Duration::ZERO);
        bench.fake.fail(Some(failing));
        assert_eq!(bench.process("a", &logged).await, Disposition::Unacknowledged, "{failing:?}");
        bench.fake.fail(None);
        assert_eq!(bench.process("b", &logged).await, Disposition::Delivered, "{failing:?}");
        assert_eq!(kinds(&states(&bench).await), ["unexpected"], "{failing:?}");
    }
}

#[tokio::test]
async fn a_replay_compares_nothing() {
    let bench = Bench::with(&[("CT_GRACE_MINUTES", "0")]).await;
    let mut replayed = logged_as(&unknown(), Duration::ZERO);
    replayed["replayed"] = json!(true);
    bench.process("r", &replayed).await;
    assert_eq!(bench.fake.envelopes().len(), 0);
    assert!(bench.fake.state().items.is_empty());
}

/// Cloudflare's records of the certificates that it issues by itself have no serial number. What became known after an
/// alarm ends it.
#[tokio::test]
async fn a_record_without_serial_number_is_found_before_and_after_the_log_shows_it() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Google Trust Services");
    let pem = params.self_signed(&key).unwrap().pem();
    let scratch = Bench::start().await;
    scratch.process("first", &logged_as(&pem, Duration::ZERO)).await;
    let known = scratch.fake.events()[0].data.certificates[0].clone();
    let record = Announcement {
        id: "cloudflare/zones/z/certificate_packs/p/c".to_owned(),
        provider: Some(envelope::Provider::CLOUDFLARE),
        certificate: envelope::Certificate {
            certificate_authority: Some("GoogleTrustServices".to_owned()),
            not_after: known.not_after,
            names: known.names,
            ..envelope::Certificate::default()
        },
        pem: None,
        issuer: None,
    };
    let now = OffsetDateTime::now_utc();
    for (is_first, expected) in [(true, &["expected"][..]), (false, &["unexpected", "resolved"])] {
        let bench = Bench::with(&[("CT_GRACE_MINUTES", "0")]).await;
        if is_first {
            announce(&bench.fake, &record, now).await.unwrap();
        }
        bench.process("first", &logged_as(&pem, Duration::ZERO)).await;
        let states_before = states(&bench).await.len();
        assert_eq!(states_before, 1);
        if !is_first {
            assert_eq!(announce(&bench.fake, &record, now).await.unwrap(), 1);
            settle(&bench, Duration::ZERO).await;
        }
        let states = states(&bench).await;
        assert_eq!(kinds(&states), expected);
        let correlation = states.last().unwrap().data.correlation.as_ref().unwrap();
        assert_eq!(correlation.rule, Some(Rule::ProviderRecord));
    }
}
