//! Cloudflare's history of notifications.

use std::sync::LazyLock;

use envelope::Provider;
use ports::Items;
use providers::cloudflare::CloudflareReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::{Verified, WebhookRequest};
use reconciliation::{Cause, Job, RunError};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::canned::{Canned, ago, counts};

/// The same document for the same number, however long a test takes.
fn document(number: u64) -> Value {
    static BEGAN: LazyLock<OffsetDateTime> = LazyLock::new(OffsetDateTime::now_utc);
    let created_at = *BEGAN - Duration::minutes(30) + Duration::seconds(number.cast_signed());
    json!({
        "metadata": {
            "event": {
                "id": "same", "type": "ssl.custom_hostname_certificate.issuance.succeeded",
                "created_at": envelope::rfc3339(created_at),
            },
            "account": {"id": "acc"},
            "zone": {"id": "z1"},
        },
        "data": {"id": format!("h{number}"), "hostname": format!("h{number}.example"), "ssl": {"id": "c"}},
    })
}

fn record(body: &Value, mechanism: &str) -> Value {
    json!({
        "id": "n", "alert_type": "custom_ssl_certificate_event_type", "alert_body": body,
        "mechanism": "m", "mechanism_type": mechanism, "policy_id": "p",
        "sent": ago(Duration::minutes(29)), "name": "x", "description": "y",
    })
}

fn history(records: &[Value]) -> Value {
    json!({
        "success": true, "errors": [], "messages": [], "result": records,
        "result_info": {"page": 1, "per_page": 100, "count": records.len(), "total_count": records.len()},
    })
}

/// The id of the webhook, which has a notification around the document.
fn id(document: &Value) -> String {
    let body =
        json!({"alert_type": "custom_ssl_certificate_event_type", "data": document, "ts": 1});
    let now = OffsetDateTime::now_utc();
    let request = WebhookRequest::post(Default::default(), body.to_string(), now);
    let verified = Verified::<CloudflareReceiver>::by_source_address(&request);
    CloudflareReceiver::events(&verified).unwrap().remove(0).envelope.id
}

async fn cloudflare(records: &[Value]) -> Canned {
    let canned = Canned::start(Provider::CLOUDFLARE, 60).await;
    canned.answer("/accounts/acc/alerting/v3/history", 200, history(records));
    canned.answer("/custom_hostnames", 200, json!({"success": true, "result": []}));
    canned.answer("/zones?", 200, json!({"success": true, "result": []}));
    canned
}

#[tokio::test]
async fn what_was_sent_and_did_not_arrive_is_put_on_the_queue_as_the_webhook_would_be() {
    let documents: Vec<_> = (0..6).map(document).collect();
    let text = |document: &Value| Value::from(document.to_string());
    let records = [
        record(&documents[0], "webhook"),
        // As the SDKs have it.
        record(&text(&documents[1]), "webhook"),
        record(&json!({"alert_type": "a", "data": documents[2]}), "webhook"),
        // To two webhooks.
        record(&documents[2], "webhook"),
        record(&documents[3], "email"),
        record(&json!({"name": "billing"}), "webhook"),
        record(&Value::Null, "webhook"),
        record(&documents[4], "webhook"),
    ];
    let canned = cloudflare(&records).await;
    canned.knows(&id(&documents[4])).await;
    let report = canned.run().await.unwrap();
    assert_eq!(
        counts(&report),
        json!({"seen": 4, "known": 1, "recovered": 3, "waiting": 0, "still_missing": 0})
    );
    assert!(report.rows.iter().all(|row| row.cause == Cause::NotArrived));
    let queued = canned.queued().await;
    let mut ids: Vec<_> = queued.iter().map(|envelope| envelope.id.clone()).collect();
    let mut expected: Vec<_> = documents[..3].iter().map(id).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    for envelope in queued {
        assert_eq!(envelope.reconciled, Some(true));
        assert_eq!(envelope.source, "/cloudflare/zones/z1");
    }
    let report = canned.run().await.unwrap();
    assert_eq!(counts(&report)["waiting"], 3, "once in 24 hours");
    let requests = canned.requests.lock().unwrap();
    assert!(requests[0].contains("since=") && requests[0].contains("before="), "{}", requests[0]);
}

/// The history's document differs from the one that was sent; what happened, to what and when is the same.
#[tokio::test]
async fn an_event_is_known_by_what_happened_where_its_id_differs() {
    let (one, other, third) = (document(1), document(2), document(3));
    let mut sent = one.clone();
    sent["data"]["ssl"]["settings"] = json!({"http2": "on"});
    let canned = cloudflare(&[
        record(&one, "webhook"),
        record(&other, "webhook"),
        record(&third, "webhook"),
    ])
    .await;
    assert_ne!(id(&sent), id(&one));
    let data = serde_json::value::RawValue::from_string(sent.to_string()).unwrap();
    let row = providers::profile::of(Provider::CLOUDFLARE);
    let enrichers = (row.enrichers)(&|_| None).unwrap();
    let request =
        WebhookRequest::post(Default::default(), data.get().to_owned(), OffsetDateTime::now_utc());
    let verified = Verified::<CloudflareReceiver>::by_source_address(&request);
    let envelope = CloudflareReceiver::events(&verified).unwrap().remove(0).envelope;
    // The worker records both.
    canned.knows(&envelope.id).await;
    canned.knows(&enrichers.other_id(&envelope).unwrap()).await;
    let report = canned.run().await.unwrap();
    assert_eq!(
        counts(&report),
        json!({"seen": 3, "known": 1, "recovered": 2, "waiting": 0, "still_missing": 0})
    );
}

#[tokio::test]
async fn a_run_in_which_nothing_matches_puts_nothing() {
    let records: Vec<_> = (0..3).map(|number| record(&document(number), "webhook")).collect();
    let canned = cloudflare(&records).await;
    canned.last_ran(Duration::DAY).await;
    let error = canned.run().await.unwrap_err();
    assert!(matches!(error, RunError::ShapesDiffer { sent: 3 }), "{error}");
    assert!(error.to_string().contains("shapes differ"), "{error}");
    assert_eq!(canned.queued().await.len(), 0);
    assert!(canned.last_run().await.unwrap() >= Duration::DAY, "it is not complete");
    canned.knows(&id(&document(1))).await;
    assert_eq!(canned.run().await.unwrap().counts.recovered, 2);
    // Without any event there is nothing to match. An empty list may be `null`.
    let canned = cloudflare(&[]).await;
    canned.answer(
        "/accounts/acc/alerting/v3/history",
        200,
        json!({"success": true, "result": null, "result_info": {"total_count": 0}}),
    );
    assert_eq!(canned.run().await.unwrap().counts.seen, 0);
}

/// A quiet account, where all that was sent of late was lost: an older record shows that the shapes are the same.
#[tokio::test]
async fn an_older_record_that_is_known_lets_what_was_lost_be_recovered() {
    let records: Vec<_> = (0..3).map(|number| record(&document(number), "webhook")).collect();
    let canned = cloudflare(&records).await;
    canned.last_ran(Duration::HOUR).await;
    canned.run().await.unwrap_err();
    // The window is that of the last hours; the look at what is older begins with the first start.
    let first = (canned.now() - Duration::days(80)).date();
    let first = format!("/accounts/acc/alerting/v3/history?since={first}");
    let older = history(&[record(&document(9), "webhook")]);
    canned.answer(String::leak(first), 200, older);
    canned.run().await.unwrap_err();
    canned.knows(&id(&document(9))).await;
    assert_eq!(canned.run().await.unwrap().counts.recovered, 3);
    assert_eq!(canned.queued().await.len(), 3);
}

/// Any answer that is not the API's own ends the run, and nothing counts as read.
#[tokio::test]
async fn a_foreign_answer_is_no_history() {
    for (status, body) in [
        (200, "<html>"),
        (200, "{}"),
        (200, r#"{"result":[]}"#),
        (200, r#"{"success":true,"result":null,"result_info":{"total_count":3}}"#),
        (404, "<html>"),
        (403, r#"{"success":false,"errors":[{"code":10000}]}"#),
    ] {
        let canned = cloudflare(&[]).await;
        canned.last_ran(Duration::DAY).await;
        canned.answer("/accounts/acc/alerting/v3/history", status, body);
        canned.run().await.unwrap_err();
        assert!(canned.last_run().await.unwrap() >= Duration::DAY, "{status} {body}");
    }
}

/// The list of hostnames is compared, and only reported.
#[tokio::test]
async fn hostnames_that_differ_from_their_last_event_are_named() {
    let canned = cloudflare(&[record(&document(1), "webhook")]).await;
    canned.knows(&id(&document(1))).await;
    let mut deleted = document(2);
    deleted["metadata"]["event"]["type"] =
        "ssl.custom_hostname_certificate.deletion.succeeded".into();
    canned.answer(
        "/accounts/acc/alerting/v3/history",
        200,
        history(&[record(&document(1), "webhook"), record(&deleted, "webhook")]),
    );
    let hostname = |name: &str| json!({"id": "h", "hostname": name, "ssl": {"status": "active"}});
    canned.answer("/custom_hostnames", 200, json!({
        "success": true, "result": [hostname("h1.example"), hostname("h2.example"), hostname("new.example")],
        "result_info": {"total_count": 3},
    }));
    let report = canned.run().await.unwrap();
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    assert!(report.notes[0].contains("h2.example is active"), "{:?}", report.notes);
    assert!(report.left.is_none());
    assert_eq!(report.counts.recovered, 1);
}

/// Universal, advanced and backup certificates: of the zones to which a monitored domain belongs, or that belong to one.
#[tokio::test]
async fn what_cloudflare_issues_for_its_zones_is_announced() {
    let canned = cloudflare(&[]).await;
    let zone = |id: &str, name: &str| json!({"id": id, "name": name});
    let zones = [
        zone("z1", "shop.example"),
        zone("z2", "bank.example"),
        zone("z3", "eu.shop.example"),
        zone("z4", "myshop.example"),
    ];
    let answer = json!({"success": true, "result": zones, "result_info": {"total_count": 4}});
    canned.answer("/zones?", 200, answer);
    let certificate = json!({
        "id": "c1", "hosts": ["shop.example", "*.shop.example"], "issuer": "GoogleTrustServices",
        "expires_on": "2027-01-01T05:20:00.000000Z", "signature": "ECDSAWithSHA256", "status": "active",
    });
    let packs = json!([
        {"id": "p1", "type": "universal", "status": "active", "certificates": [certificate]},
        {"id": "p2", "type": "advanced", "status": "pending_validation", "certificates": []},
    ]);
    let answer = json!({"success": true, "result": packs, "result_info": {"total_count": 2}});
    canned.answer("/zones/z1/ssl/certificate_packs", 200, answer);
    let forbidden =
        json!({"success": false, "errors": [{"code": 9109, "message": "Unauthorized"}]});
    canned.answer("/zones/z3/ssl/certificate_packs", 403, forbidden);

    let announced = async || {
        canned.state.ledger().items("ct/end/2027-01-01T05:20:00Z", None, 10).await.unwrap()
    };
    let dry = Job { is_dry_run: true, ..Job::default() };
    canned.reconciler().run(&dry).await.unwrap();
    assert_eq!(announced().await.len(), 0);

    let report = canned.run().await.unwrap();
    let items = announced().await;
    assert_eq!(items.len(), 1, "{items:?}");
    let value: Value = serde_json::from_str(&items[0].value).unwrap();
    assert_eq!(value["id"], "cloudflare/zones/z1/certificate_packs/p1/c1");
    assert_eq!(value["provider"], "cloudflare");
    assert_eq!(value["certificate"]["certificate_authority"], "GoogleTrustServices");
    assert_eq!(value["certificate"]["names"]["dns"], certificate["hosts"]);
    assert_eq!(report.left, None);
    assert!(report.notes.iter().any(|note| note.contains("eu.shop.example")), "{:?}", report.notes);
    let requests = canned.requests.lock().unwrap();
    let of = |zone: &str| requests.iter().filter(|one| one.contains(zone)).count();
    assert_eq!([of("/z1/"), of("/z2/"), of("/z3/"), of("/z4/")], [1, 0, 1, 0]);
}

#[tokio::test]
async fn zones_beyond_those_of_a_run_are_named() {
    let canned = cloudflare(&[]).await;
    let zone =
        |number| json!({"id": format!("z{number}"), "name": format!("{number}.shop.example")});
    let zones: Vec<_> = (0..503).map(zone).collect();
    let answer = json!({"success": true, "result": zones, "result_info": {"total_count": 503}});
    canned.answer("/zones?", 200, answer);
    let none = json!({"success": true, "result": [], "result_info": {"total_count": 0}});
    canned.answer("/ssl/certificate_packs", 200, none);
    let report = canned.run().await.unwrap();
    assert!(report.notes.iter().any(|note| note.contains("3 more zones")), "{:?}", report.notes);
    assert_eq!(report.left, None);
}
