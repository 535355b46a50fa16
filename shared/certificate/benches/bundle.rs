//! Reads, orders and checks a CA's answer of 1, 10 and 100 KB, and searches it for private keys.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use certificate::{Question, TrustAnchors};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use time::OffsetDateTime;
use time::macros::datetime;

const KILOBYTES: [usize; 3] = [1, 10, 100];
const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn main() {
    divan::main();
}

fn params(name: String) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{name}.example.com")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2027-01-01 0:00 UTC);
    params
}

/// A chain of P-256 certificates, leaf first, with about this size in PEM.
fn chain(kilobytes: usize) -> String {
    let authority = |depth: usize| {
        let mut params = params(format!("Authority {depth}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let root = CertifiedIssuer::self_signed(authority(0), KeyPair::generate().unwrap()).unwrap();
    let (mut pem, mut issuer) = (String::new(), root);
    while pem.len() + 1000 < kilobytes * 1000 {
        let params = authority(pem.len());
        issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &issuer).unwrap();
        pem.insert_str(0, &issuer.pem());
    }
    let key = KeyPair::generate().unwrap();
    params("www".to_owned()).signed_by(&key, &issuer).unwrap().pem() + &pem
}

#[divan::bench(args = KILOBYTES)]
fn read_and_checked(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let pem = chain(kilobytes);
    let anchors = TrustAnchors::mozilla();
    let question = Question { anchors: &anchors, purpose: None, names: &[], at: NOW };
    bencher
        .counter(BytesCount::of_str(&pem))
        .bench_local(|| certificate::validate(black_box(pem.as_bytes()), &question).unwrap());
}

/// Leaf, intermediate and root of a public CA, as CertCentral sends them.
#[divan::bench]
fn usual_chain(bencher: Bencher<'_, '_>) {
    let pem = include_bytes!("../tests/fixtures/digicert-pem-all.pem");
    let anchors = TrustAnchors::mozilla();
    let question = Question { anchors: &anchors, purpose: None, names: &[], at: NOW };
    bencher.bench_local(|| certificate::validate(black_box(pem), &question).unwrap());
}

#[divan::bench(args = KILOBYTES)]
fn searched_for_keys(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let pem = chain(kilobytes);
    bencher
        .counter(BytesCount::of_str(&pem))
        .bench_local(|| certificate::redact_text(black_box(&pem)).is_some());
}
