//! What Cert Spotter lists for a domain.

use envelope::{Certificate, Names, Provider};
use ports::{Item, Items};
use reconciliation::{Cause, RunError};
use serde_json::{Value, json};
use time::Duration;

use crate::canned::{Canned, counts};

fn issuance(id: u32) -> Value {
    json!({
        "id": id.to_string(), "tbs_sha256": hash(id), "dns_names": ["a.shop.example"],
        "issuer": {"name": "CN=CA", "caa_domains": ["ca.example"]},
    })
}

fn hash(id: u32) -> String {
    format!("{id:064x}")
}

/// A list of `1` to `last`, two on a page.
async fn certspotter(last: u32) -> Canned {
    let canned = Canned::start(Provider::CERTSPOTTER, 60).await;
    list(&canned, last);
    canned
}

fn list(canned: &Canned, last: u32) {
    const AFTER: [&str; 8] = [
        "cert_der&after=1",
        "cert_der&after=2",
        "cert_der&after=3",
        "cert_der&after=4",
        "cert_der&after=5",
        "cert_der&after=6",
        "cert_der&after=7",
        "cert_der&after=8",
    ];
    let page = |after: u32| Value::from_iter((after + 1..=last).take(2).map(issuance));
    canned.answer("/issuances", 200, page(0));
    for (after, part) in (1..).zip(AFTER) {
        canned.answer(part, 200, page(after));
    }
}

fn queries(canned: &Canned) -> usize {
    std::mem::take(&mut *canned.requests.lock().unwrap()).len()
}

#[tokio::test]
async fn what_is_new_in_the_list_is_put_on_the_queue_once_and_the_cursor_lasts() {
    let canned = certspotter(3).await;
    let report = canned.run().await.unwrap();
    assert_eq!(counts(&report)["seen"], 0, "what was there before the first run is passed over");
    let asked = canned.requests.lock().unwrap().clone();
    for member in ["dns_names", "issuer", "issuer.caa_domains", "problem_reporting", "cert_der"] {
        let expanded = format!("expand={member}");
        assert!(asked[0].split('&').any(|pair| pair == expanded), "{member}: {asked:?}");
    }
    assert_eq!(queries(&canned), 3, "two pages and the empty one");

    list(&canned, 5);
    assert_eq!(counts(&canned.run().await.unwrap())["seen"], 0);
    assert_eq!(queries(&canned), 0, "a domain is read once an hour");
    canned.pass_until(canned.now() + Duration::hours(1));
    let report = canned.run().await.unwrap();
    assert_eq!(counts(&report)["recovered"], 2);
    assert!(report.rows.iter().all(|row| row.cause == Cause::Listed));
    assert_eq!(queries(&canned), 2);
    let queued = canned.queued().await;
    assert_eq!(queued.len(), 2);
    for (envelope, id) in queued.iter().zip([4, 5]) {
        assert_eq!(envelope.id, id_of_webhook(id), "as the webhook would have it");
        assert_eq!(envelope.reconciled, Some(true));
        assert_eq!(envelope.subject, format!("ct/certificate/{}", hash(id)));
        let interpretation = providers::dispatch::interpret(envelope).unwrap();
        assert_eq!(interpretation.issuer.caa_domains, ["ca.example"]);
    }
    canned.pass_until(canned.now() + Duration::hours(1));
    assert_eq!(counts(&canned.run().await.unwrap())["seen"], 0);
    assert_eq!(queries(&canned), 1);
}

fn id_of_webhook(id: u32) -> String {
    let row = providers::profile::of(Provider::CERTSPOTTER);
    let secret = row.sample_secret("secret");
    let body = json!({"id": id.to_string(), "issuance": {"dns_names": []}}).to_string();
    let now = time::OffsetDateTime::now_utc();
    let request = (row.samples.request)(&secret, body.into(), now).unwrap().received(now);
    (row.receive)(&request, &secret).unwrap().remove(0).envelope.id
}

#[tokio::test]
async fn a_list_that_breaks_off_goes_on_where_it_was() {
    let canned = certspotter(1).await;
    canned.run().await.unwrap();
    list(&canned, 5);
    canned.answer("cert_der&after=3", 400, json!({"code": "bad", "message": "no"}));
    canned.pass_until(canned.now() + Duration::hours(1));
    let report = canned.run().await.unwrap();
    assert!(report.left.unwrap().contains("shop.example"));
    assert_eq!(canned.queued().await.len(), 2);
    list(&canned, 5);
    canned.run().await.unwrap();
    assert_eq!(canned.queued().await.len(), 2, "the other two");
}

#[tokio::test]
async fn a_refused_key_ends_the_run() {
    let canned = certspotter(1).await;
    canned.answer("/issuances", 401, json!({"code": "unauthorized", "message": "no"}));
    let error = canned.run().await.unwrap_err();
    assert!(error.is_key_refused() && matches!(error, RunError::Refused(_)), "{error}");
}

/// What a day after its issuance is in no log.
async fn is_to_be_logged(canned: &Canned, id: u32, name: &str) {
    let names = Some(Names { dns: vec![name.to_owned()], ..Names::default() });
    let certificate = Certificate { tbs_sha256: Some(hash(id)), names, ..Certificate::default() };
    let announcement = json!({
        "id": format!("issued-{id}"), "provider": "digicert", "certificate": certificate,
        "issuer": null,
    });
    for (partition, sort) in [
        (
            "ct/to-be-logged".to_owned(),
            format!("{}#{}", envelope::timestamp(canned.now()), hash(id)),
        ),
        (format!("ct/certificate/{}", hash(id)), format!("announced#issued-{id}")),
    ] {
        let value = announcement.to_string();
        let kept_until = canned.now() + Duration::days(1);
        let item = Item { partition, sort, value, kept_until };
        canned.state.ledger().put_item(item).await.unwrap();
    }
}

#[tokio::test]
async fn only_what_a_complete_list_does_not_hold_is_missing() {
    let canned = certspotter(3).await;
    is_to_be_logged(&canned, 2, "b.shop.example").await;
    is_to_be_logged(&canned, 77, "c.shop.example").await;
    is_to_be_logged(&canned, 78, "elsewhere.example").await;
    canned.answer("cert_der&after=2", 500, "");
    let report = canned.run().await.unwrap();
    assert!(report.left.is_some());
    assert_eq!(canned.queued().await.len(), 0, "an incomplete list says nothing");
    list(&canned, 3);
    canned.run().await.unwrap();
    let queued = canned.queued().await;
    let [missing] = &queued[..] else { panic!("{}", queued.len()) };
    assert_eq!(missing.kind, "certhooks.ct.certificate_missing");
    assert_eq!(missing.subject, format!("ct/certificate/{}", hash(77)));
    canned.run().await.unwrap();
    assert_eq!(canned.queued().await.len(), 0, "it is said once");
}
