//! An event that comes again, and what the provider's own record says of the chain that it came with.

use ::time::Duration;
use envelope::{CertificateEvent, CheckResult, Outcome, Reason, Verdict};
use processing::Disposition;
use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::bench::{Bench, envelope};

/// The certificate that the simulated CertCentral has under this id.
async fn chain(bench: &Bench, certificate: u64) -> Value {
    let url = format!(
        "{}/certificate/{certificate}/download/format/pem_all",
        bench.simulator.digicert_base()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).header("X-DC-DEVKEY", "right").send().await.unwrap();
    let pem = answer.error_for_status().unwrap().text().await.unwrap();
    let blocks = pem.split_inclusive("-----END CERTIFICATE-----");
    let blocks = blocks.filter(|block| block.contains("BEGIN")).map(str::trim);
    blocks.map(|pem| json!({"subject_common_name": "x", "pem": pem})).collect()
}

/// `certificate_issued` of certificate 77 with this chain, received `age` ago.
fn issued_with(chain: &Value, age: Duration) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77, "certificate_chain": chain});
    envelope("e", age, &json!({"event": "certificate_issued", "data": data}))
}

fn code(event: &CertificateEvent) -> (CheckResult, &str) {
    let confirmed = &event.data.checks.confirmed;
    (confirmed.result, &confirmed.code)
}

fn leaf(event: &CertificateEvent) -> &str {
    event.data.certificates[0].fingerprint_sha256.as_deref().unwrap()
}

fn outcome(event: &CertificateEvent) -> (Outcome, Option<Reason>) {
    (event.data.callback.outcome, event.data.callback.reason)
}

#[tokio::test]
async fn an_included_chain_is_compared_with_the_download() {
    let bench = Bench::start().await;
    let own = chain(&bench, 77).await;
    let forged = chain(&bench, 78).await;
    bench.process("r", &issued_with(&own, Duration::ZERO)).await;
    let second = envelope("f", Duration::ZERO, &issued_with(&forged, Duration::ZERO)["data"]);
    bench.process("r", &second).await;
    let events = bench.fake.events();
    for event in &events {
        assert_eq!(outcome(event), (Outcome::Downloaded, None));
    }
    assert_eq!(code(&events[0]), (CheckResult::Ok, "ok"));
    assert_eq!(code(&events[1]), (CheckResult::Failed, "differs"));
    assert_eq!(events[1].data.verdict, Verdict::Failed);
    assert_eq!(leaf(&events[0]), leaf(&events[1]), "the provider's certificate is delivered");
}

#[tokio::test]
async fn a_download_without_an_included_chain_confirms_itself() {
    let bench = Bench::start().await;
    bench.process("r", &crate::bench::issued("e", Duration::ZERO)).await;
    assert_eq!(code(&bench.fake.events()[0]), (CheckResult::Ok, "ok"));
}

#[tokio::test]
async fn a_chain_is_not_confirmed_where_nobody_is_asked() {
    for bench in [Bench::without_keys().await, Bench::with(&[("DIGICERT_CONFIRM", "false")]).await]
    {
        let chain = chain(&bench, 77).await;
        let before = bench.simulator.requests().total();
        bench.process("r", &issued_with(&chain, Duration::ZERO)).await;
        let event = bench.fake.events().remove(0);
        assert_eq!(outcome(&event), (Outcome::Included, None));
        assert_eq!(code(&event), (CheckResult::NotApplicable, "not_asked"));
        assert_eq!(bench.simulator.requests().total(), before);
    }
}

/// It goes out after an hour without its confirmation, and not before.
#[tokio::test]
async fn an_included_chain_waits_an_hour_for_its_confirmation() {
    for (fault, reason) in [
        (Fault::ServerError { status: None }, Reason::Unavailable),
        (Fault::RateLimited { retry_after: Some(1), status: None }, Reason::RateLimited),
    ] {
        let bench = Bench::start().await;
        let chain = chain(&bench, 77).await;
        bench.fault(fault);
        let early = issued_with(&chain, Duration::minutes(59));
        assert_eq!(bench.process("r", &early).await, Disposition::Requeued);
        assert!(bench.fake.events().is_empty());
        let late = issued_with(&chain, Duration::minutes(60));
        assert_eq!(bench.process("r", &late).await, Disposition::Delivered);
        let event = bench.fake.events().remove(0);
        assert_eq!(outcome(&event), (Outcome::Included, Some(reason)));
        assert_eq!(code(&event), (CheckResult::Unknown, "not_answered"));
    }
}

/// A sender who knows the webhook key invents a certificate id.
#[tokio::test]
async fn a_certificate_that_the_provider_does_not_know_is_not_confirmed() {
    let bench = Bench::start().await;
    let chain = chain(&bench, 77).await;
    bench.simulator.faults().set([Rule::new("/services/v2", Fault::NoRoute)]);
    let event = issued_with(&chain, Duration::minutes(10));
    assert_eq!(bench.process("r", &event).await, Disposition::Delivered);
    let event = bench.fake.events().remove(0);
    assert_eq!(outcome(&event), (Outcome::Included, Some(Reason::NotFound)));
    assert_eq!(code(&event), (CheckResult::Failed, "not_found"));
}

/// A chain that is not whole counts as none, also when the provider cannot be asked.
#[tokio::test]
async fn a_chain_without_its_leaf_counts_as_none() {
    let bench = Bench::start().await;
    let mut chain = chain(&bench, 77).await;
    chain[0]["pem"] = Value::Null;
    bench.fault(Fault::ServerError { status: None });
    let waiting = issued_with(&chain, Duration::hours(2));
    assert_eq!(bench.process("r", &waiting).await, Disposition::Requeued);
    bench.simulator.faults().clear();
    assert_eq!(bench.process("r", &waiting).await, Disposition::Delivered);
    assert_eq!(outcome(&bench.fake.events()[0]), (Outcome::Downloaded, None));
    assert_eq!(code(&bench.fake.events()[0]), (CheckResult::Ok, "ok"));
}

/// Whatever a link holds instead of a certificate, the chain counts as none.
#[tokio::test]
async fn a_chain_with_a_link_that_is_none_counts_as_none() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n";
    for link in [
        json!({"pem": null}),
        json!({}),
        json!(null),
        json!("x"),
        json!({"pem": "  "}),
        json!({"pem": 7}),
        json!({"pem": key}),
    ] {
        let bench = Bench::with(&[("DIGICERT_CONFIRM", "false")]).await;
        for position in 0..3 {
            let mut chain = chain(&bench, 77).await;
            chain[position] = link.clone();
            let event = issued_with(&chain, Duration::ZERO);
            let event = envelope(&format!("e{position}"), Duration::ZERO, &event["data"]);
            assert_eq!(bench.process("r", &event).await, Disposition::Delivered);
        }
        for event in bench.fake.events() {
            assert_eq!(outcome(&event), (Outcome::Downloaded, None), "{link}");
        }
    }
}

/// Without an API key a bare event brings nothing; the one that comes with a chain is not swallowed by it.
#[tokio::test]
async fn a_chain_that_comes_after_a_bare_event_is_delivered() {
    let bench = Bench::without_keys().await;
    let own = chain(&bench, 77).await;
    bench.process("r1", &crate::bench::issued("e", Duration::minutes(1))).await;
    assert_eq!(
        bench.process("r2", &issued_with(&own, Duration::ZERO)).await,
        Disposition::Delivered
    );
    let events = bench.fake.events();
    assert_eq!(outcome(&events[0]), (Outcome::Disabled, None));
    assert_eq!(outcome(&events[1]), (Outcome::Included, None));
    assert!(events[1].id.starts_with("e/again/"), "{}", events[1].id);
}

/// The first event failed; the provider sends it again, and now there is a certificate.
#[tokio::test]
async fn an_event_that_failed_can_come_again() {
    let bench = Bench::start().await;
    bench.simulator.faults().set([Rule::new("/services/v2", Fault::NoRoute)]);
    let first = crate::bench::issued("e", Duration::minutes(20));
    assert_eq!(bench.process("r1", &first).await, Disposition::Delivered);
    bench.simulator.faults().clear();
    let again = crate::bench::issued("e", Duration::minutes(1));
    assert_eq!(bench.process("r2", &first).await, Disposition::Duplicate, "the queue's copy");
    let mut reconciled = again.clone();
    reconciled["reconciled"] = json!(true);
    assert_eq!(bench.process("r3", &reconciled).await, Disposition::Duplicate);
    assert_eq!(bench.process("r4", &again).await, Disposition::Delivered);
    assert_eq!(bench.process("r5", &again).await, Disposition::Duplicate);
    let events = bench.fake.events();
    assert_eq!(events.len(), 2);
    assert_eq!(outcome(&events[0]), (Outcome::Failed, Some(Reason::NotFound)));
    assert_eq!(outcome(&events[1]), (Outcome::Downloaded, None));
    assert!(
        events[1].id.starts_with("e/again/") && events[1].id.len() == 8 + 16,
        "{}",
        events[1].id
    );
    assert_eq!(events[1].causationid.as_deref(), Some("e"));
    assert_eq!(events[1].conflict, None);
}

/// A requeued repeat keeps its id, and the message on the queue keeps the first one.
#[tokio::test]
async fn a_repeat_that_is_requeued_goes_on_under_its_id() {
    let bench = Bench::start().await;
    bench.simulator.faults().set([Rule::new("/services/v2", Fault::NoRoute)]);
    bench.process("r1", &crate::bench::issued("e", Duration::minutes(20))).await;
    bench.fault(Fault::ServerError { status: None });
    let again = crate::bench::issued("e", Duration::minutes(1));
    assert_eq!(bench.process("r2", &again).await, Disposition::Requeued);
    bench.simulator.faults().clear();
    let requeued: Value = serde_json::from_str(&bench.fake.state().sent[0].body).unwrap();
    assert_eq!(requeued["id"], "e");
    assert_eq!(bench.process("r3", &requeued).await, Disposition::Delivered);
    assert!(bench.fake.events()[1].id.starts_with("e/again/"));
}

/// The forged event came first, while the provider could not be asked; its record decides now.
#[tokio::test]
async fn a_true_event_is_not_swallowed_by_a_forged_one() {
    let bench = Bench::start().await;
    let (own, forged) = (chain(&bench, 77).await, chain(&bench, 78).await);
    bench.fault(Fault::ServerError { status: None });
    bench.process("r1", &issued_with(&forged, Duration::hours(2))).await;
    bench.simulator.faults().clear();
    let true_one = issued_with(&own, Duration::ZERO);
    assert_eq!(bench.process("r2", &true_one).await, Disposition::Delivered);
    assert_eq!(bench.process("r3", &true_one).await, Disposition::Duplicate);
    let events = bench.fake.events();
    assert_eq!(events.len(), 2);
    assert!(events[1].id.starts_with("e/conflict/"), "{}", events[1].id);
    assert_eq!((events[1].causationid.as_deref(), events[1].conflict), (Some("e"), Some(true)));
    assert_eq!(code(&events[1]), (CheckResult::Ok, "ok"));
    assert_ne!(leaf(&events[0]), leaf(&events[1]));
}

/// The true event came first; what the provider does not confirm is archived and not delivered.
#[tokio::test]
async fn a_forged_repeat_is_not_delivered() {
    let bench = Bench::start().await;
    let (own, forged) = (chain(&bench, 77).await, chain(&bench, 78).await);
    bench.process("r1", &issued_with(&own, Duration::hours(1))).await;
    let same = issued_with(&own, Duration::minutes(30));
    assert_eq!(bench.process("r2", &same).await, Disposition::Duplicate);
    let repeat = issued_with(&forged, Duration::ZERO);
    assert_eq!(bench.process("r3", &repeat).await, Disposition::Duplicate);
    assert_eq!(bench.fake.events().len(), 1);
    let state = bench.fake.state();
    assert!(
        state.archive.keys().any(|key| key.contains("/e.conflict.")),
        "{:?}",
        state.archive.keys()
    );
    assert!(state.ledger.keys().any(|id| id.starts_with("e/conflict/")));
}

/// Where nobody can be asked, the consumer gets both.
#[tokio::test]
async fn a_conflict_that_nobody_decides_is_delivered_as_one() {
    let bench = Bench::without_keys().await;
    let (own, forged) = (chain(&bench, 77).await, chain(&bench, 78).await);
    bench.process("r1", &issued_with(&forged, Duration::hours(1))).await;
    assert_eq!(
        bench.process("r2", &issued_with(&own, Duration::ZERO)).await,
        Disposition::Delivered
    );
    let events = bench.fake.events();
    assert_eq!(events[1].conflict, Some(true));
    assert_eq!(outcome(&events[1]), (Outcome::Included, None));
    let state = bench.fake.state();
    let known = state.states.values().next().unwrap();
    assert_eq!(known.id, "e", "an undecided certificate moves no state");
    assert!(state.history[1].entry.is_disputed() && !state.history[0].entry.is_disputed());
    assert_ne!(leaf(&events[0]), leaf(&events[1]));
}

/// Members in another order, numbers as text, a chain more or less: the same event.
#[tokio::test]
async fn a_repeat_that_says_the_same_in_another_form_is_a_duplicate() {
    let bench = Bench::start().await;
    let own = chain(&bench, 77).await;
    bench.process("r1", &issued_with(&own, Duration::hours(1))).await;
    let leaf_alone = json!([own[0].clone()]);
    let reversed: Value = own.as_array().unwrap().iter().rev().cloned().collect();
    for data in [
        json!({"certificate_id": "77", "order_id": "1"}),
        json!({"order_id": 1, "certificate_id": 77, "certificate_chain": []}),
        json!({"order_id": 1, "certificate_id": 77, "certificate_chain": leaf_alone}),
        json!({"order_id": 1, "certificate_id": 77, "certificate_chain": reversed}),
        json!({"order_id": 1, "certificate_id": 77, "certificate_chain": "garbage", "new": true}),
    ] {
        let document = json!({"data": data, "event": "certificate_issued"});
        let repeat = envelope("e", Duration::ZERO, &document);
        assert_eq!(bench.process("r2", &repeat).await, Disposition::Duplicate, "{document}");
    }
    assert_eq!(bench.fake.events().len(), 1);
}

/// CertCentral says that the order is issued: the revocation is not believed, and the certificate is not
/// taken for revoked.
#[tokio::test]
async fn a_revocation_that_the_order_contradicts_is_named() {
    let bench = Bench::start().await;
    let data = json!({"order_id": 556, "certificate_id": 11_667});
    let revoked =
        envelope("v", Duration::ZERO, &json!({"event": "certificate_revoked", "data": data}));
    let issued =
        envelope("i", Duration::ZERO, &json!({"event": "certificate_issued", "data": data}));
    // The account has no webhook, so only its records change.
    let order = json!({"event": "certificate_issued", "data": data});
    bench.simulator.send_digicert_event(serde_json::from_value(order).unwrap()).await.unwrap();
    bench.process("r", &revoked).await;
    bench.process("r", &issued).await;
    let events = bench.fake.events();
    assert!(events[0].data.problems.iter().any(|problem| problem.contains("contradicts")));
    assert_eq!(events[1].ordering, None, "the true event is not stale");
}
