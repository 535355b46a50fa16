//! A certificate of a log that came with its event: it is checked without a call-back, and a repeat is recognised by
//! the TBSCertificate, which a certificate and its precertificate share.

use ::time::{Duration, OffsetDateTime};
use data_encoding::BASE64;
use envelope::{CertificateEvent, CheckResult, Outcome, Provider, Verdict};
use processing::Disposition;
use providers::profile;
use rcgen::{CertificateParams, CustomExtension, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::bench::Bench;

/// A certificate for `name`, twice: with the poison of a precertificate, and without.
struct Pair {
    precertificate: Vec<u8>,
    certificate: Vec<u8>,
}

impl Pair {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = |extensions: Vec<CustomExtension>| {
            let mut params = CertificateParams::new([name.to_owned()]).unwrap();
            (params.not_before, params.not_after) =
                (date_time_ymd(2026, 1, 1), date_time_ymd(2036, 1, 1));
            params.serial_number = Some(7.into());
            params.custom_extensions = extensions;
            params.self_signed(&key).unwrap().der().to_vec()
        };
        let mut poison =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 3], vec![5, 0]);
        poison.set_criticality(true);
        Self { precertificate: der(vec![poison]), certificate: der(Vec::new()) }
    }
}

/// The envelope of a Cert Spotter event, received `age` ago.
pub(crate) fn event(issuance: &Value, age: Duration) -> Value {
    let row = profile::of(Provider::CERTSPOTTER);
    let secret = row.sample_secret("secret");
    let body = json!({"id": "1", "issuance": issuance}).to_string();
    let at = OffsetDateTime::now_utc() - age;
    let request = (row.samples.request)(&secret, body.into(), at).unwrap().received(at);
    let event = (row.receive)(&request, &secret).unwrap().remove(0);
    serde_json::to_value(event.envelope).unwrap()
}

fn observed(der: &[u8], age: Duration) -> Value {
    event(&json!({"dns_names": ["announced.example"], "cert_der": BASE64.encode(der)}), age)
}

fn names(event: &CertificateEvent) -> &[String] {
    &event.data.certificates[0].names.as_ref().unwrap().dns
}

#[tokio::test]
async fn the_certificate_of_the_event_is_checked_without_a_call() {
    let bench = Bench::start().await;
    let pair = Pair::new("real.example");
    bench.process("r", &observed(&pair.certificate, Duration::ZERO)).await;
    let events = bench.fake.events();
    let [event] = &events[..] else { panic!("{}", events.len()) };
    assert_eq!(event.kind, "certhooks.ct.certificate_observed");
    assert_eq!(
        (event.data.callback.outcome, event.data.callback.attempts),
        (Outcome::NotNeeded, 0)
    );
    assert_eq!(names(event), ["real.example"], "of the certificate, and not what the event tells");
    assert!(event.data.pem_chain.as_ref().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_ne!(event.data.verdict, Verdict::Unchecked);
    assert_eq!(event.data.checks.names_present.result, CheckResult::Ok);
    assert!(bench.simulator.requests().recent().is_empty());
}

/// Nearly all that a monitor finds are precertificates: none of them is a failure for that.
#[tokio::test]
async fn a_precertificate_is_no_failure() {
    let bench = Bench::start().await;
    let pair = Pair::new("real.example");
    bench.process("r", &observed(&pair.precertificate, Duration::ZERO)).await;
    let path = &bench.fake.events()[0].data.checks.path;
    assert_ne!(path.code, "unknown_critical_extension", "{}", path.detail);
}

#[tokio::test]
async fn what_cannot_be_read_or_is_another_certificate_is_said() {
    let bench = Bench::start().await;
    bench.process("r", &observed(&[48, 0], Duration::ZERO)).await;
    let unreadable = &bench.fake.events()[0].data;
    assert_eq!(
        (unreadable.verdict, unreadable.callback.outcome),
        (Verdict::Unchecked, Outcome::NotNeeded)
    );
    assert!(unreadable.problems[0].contains("cannot be read"), "{:?}", unreadable.problems);
    assert_eq!(unreadable.certificates[0].names.as_ref().unwrap().dns, ["announced.example"]);

    let bench = Bench::start().await;
    let der = BASE64.encode(&Pair::new("real.example").certificate);
    let announced = "a".repeat(64);
    let issuance = json!({"tbs_sha256": announced, "cert_der": der});
    bench.process("r", &event(&issuance, Duration::ZERO)).await;
    let events = bench.fake.events();
    assert_eq!(events[0].subject, format!("ct/certificate/{announced}"));
    let problem = &events[0].data.problems[0];
    assert!(problem.contains(&announced) && problem.contains("TBS SHA-256"), "{problem}");
}

#[tokio::test]
async fn the_certificate_of_a_precertificate_is_the_same_and_another_one_a_conflict() {
    let bench = Bench::start().await;
    let (pair, other) = (Pair::new("a.example"), Pair::new("b.example"));
    let first = observed(&pair.precertificate, Duration::hours(1));
    assert_eq!(bench.process("r1", &first).await, Disposition::Delivered);
    let same = observed(&pair.certificate, Duration::minutes(30));
    assert_eq!(bench.process("r2", &same).await, Disposition::Duplicate);
    let conflict = observed(&other.certificate, Duration::ZERO);
    assert_eq!(conflict["id"], first["id"]);
    assert_eq!(bench.process("r3", &conflict).await, Disposition::Delivered);
    assert_eq!(bench.process("r4", &conflict).await, Disposition::Duplicate);
    let events = bench.fake.events();
    let [delivered, conflicting] = &events[..] else { panic!("{}", events.len()) };
    assert_eq!(delivered.conflict, None);
    assert_eq!(conflicting.conflict, Some(true));
    assert!(
        conflicting.id.starts_with(&format!("{}/conflict/", delivered.id)),
        "{}",
        conflicting.id
    );
    assert_eq!(names(conflicting), ["b.example"]);
}
