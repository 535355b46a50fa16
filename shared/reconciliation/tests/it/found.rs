//! The events that are found and put on the queue.

use std::collections::BTreeSet;

use envelope::Envelope;
use ports::Ledger;
use providers::digicert::DigicertReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::{Verified, WebhookRequest};
use reconciliation::{Cause, Job, RecoveryStatus};
use serde_json::json;
use simulator::{DigicertEvent, Outcome, Withheld};
use time::{Duration, OffsetDateTime};

use crate::stage::{JOB, Stage, data, of_order};

/// The id of the event as the webhook endpoint derives it.
fn id(event: &str, data: &serde_json::Value, at: OffsetDateTime) -> String {
    let body = json!({"event": event, "data": data}).to_string();
    let request = WebhookRequest::post(Default::default(), body, at);
    let verified = Verified::<DigicertReceiver>::by_source_address(&request);
    DigicertReceiver::events(&verified).unwrap().remove(0).envelope.id
}

fn ids(envelopes: &[Envelope]) -> BTreeSet<&str> {
    envelopes.iter().map(|envelope| envelope.id.as_str()).collect()
}

#[tokio::test]
async fn a_refused_event_is_put_on_the_queue_once() {
    let stage = Stage::set().await;
    stage.send(503, of_order("certificate_issued", 1)).await;
    stage.send(401, of_order("certificate_revoked", 3)).await;
    stage.send(200, of_order("certificate_issued", 5)).await;
    stage.send(500, of_order("order_rejected", 7)).await;
    // CertCentral sent this one again, and it was accepted.
    stage.send(500, of_order("certificate_issued", 9)).await;
    stage.send(204, of_order("certificate_issued", 9)).await;

    let report = stage.run().await.unwrap();
    assert_eq!(crate::stage::counts(&report), [5, 2, 3, 0, 0]);
    let causes: Vec<_> = report.rows.iter().map(|row| row.cause.clone()).collect();
    assert_eq!(causes, [503, 401, 500].map(|code| Cause::Answered(Some(code))));
    let queued = stage.queued().await;
    let now = OffsetDateTime::now_utc();
    let expected = [("certificate_issued", 1), ("certificate_revoked", 3), ("order_rejected", 7)]
        .map(|(event, order)| {
            id(event, &json!({"certificate_id": order + 1, "order_id": order}), now)
        });
    assert_eq!(ids(&queued), expected.iter().map(String::as_str).collect());
    for envelope in &queued {
        assert_eq!(envelope.reconciled, Some(true));
        assert_eq!(envelope.time.nanosecond(), 0, "CertCentral's time, in whole seconds");
        assert!(
            envelope.receivedtime > envelope.time && now - envelope.receivedtime < Duration::MINUTE
        );
    }

    assert_eq!(stage.counts().await, [5, 2, 0, 3, 0], "once in 24 hours");
    assert_eq!(stage.queued().await.len(), 0);
    for id in expected {
        stage
            .state
            .ledger()
            .record(ports::DeliveryRecord::id(&id, now + Duration::days(30)))
            .await
            .unwrap();
    }
    assert_eq!(stage.counts().await, [5, 5, 0, 0, 0], "delivered in the meantime");
}

#[tokio::test]
async fn an_event_that_was_not_sent_is_found_by_its_order() {
    let stage = Stage::set().await;
    let instant = stage.send(200, of_order("certificate_issued", 1).instantly()).await;
    assert_eq!(instant.outcome, Outcome::Withheld { reason: Withheld::InstantIssuanceOff });
    stage.send(200, of_order("certificate_issued", 3)).await;
    stage.deactivate().await;
    for event in ["certificate_revoked", "order_rejected"] {
        let sent = stage.send(200, of_order(event, 5 + event.len() as u64)).await;
        assert_eq!(sent.outcome, Outcome::Withheld { reason: Withheld::NotActive });
    }
    let report = stage.run().await.unwrap();
    assert_eq!(crate::stage::counts(&report), [4, 1, 3, 0, 0]);
    let mut found: Vec<_> =
        report.rows.iter().map(|row| (row.event.as_str(), row.cause.to_string())).collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("certificate_issued", "issued, but not sent".to_owned()),
            ("certificate_revoked", "revoked, but not sent".to_owned()),
            ("order_rejected", "rejected, but not sent".to_owned()),
        ]
    );
    let queued = stage.queued().await;
    assert_eq!(queued.len(), 3);
    let issued =
        id("certificate_issued", &json!({"order_id": 1, "certificate_id": 2}), queued[0].time);
    assert!(ids(&queued).contains(issued.as_str()));
    assert_eq!(stage.counts().await, [4, 1, 0, 3, 0]);
}

#[tokio::test]
async fn nothing_is_found_in_an_account_without_events() {
    let stage = Stage::set().await;
    assert_eq!(stage.counts().await, [0; 5]);
    // A challenge is not an event, whatever its answer.
    stage.listener.answer(500);
    stage.challenge().await;
    assert_eq!(stage.counts().await, [0; 5]);
    // An order older than the window is not read.
    stage.deactivate().await;
    stage.send(200, of_order("certificate_issued", 1)).await;
    stage.simulator.advance_clock(std::time::Duration::from_secs(3700));
    assert_eq!(stage.counts().await, [0; 5]);
    let week = Job { window_minutes: Some(10_080), ..JOB };
    let report = stage.reconciler().run(&week).await.unwrap();
    assert_eq!(crate::stage::counts(&report), [1, 0, 1, 0, 0]);
}

/// The id of a notice contains the day of its receipt, so around midnight it may be of either day.
#[tokio::test]
async fn a_notice_received_on_the_next_day_is_known() {
    let stage = Stage::set().await;
    let domain = json!({"domain_id": 7, "name": "a.example"});
    stage.send(500, DigicertEvent::new("domain_expired").with_data(data(domain.clone()))).await;
    let tomorrow = OffsetDateTime::now_utc() + Duration::DAY;
    let id = id("domain_expired", &domain, tomorrow);
    stage.state.ledger().record(ports::DeliveryRecord::id(&id, tomorrow)).await.unwrap();
    assert_eq!(stage.counts().await, [1, 1, 0, 0, 0]);

    let other = DigicertEvent::new("domain_expired").with_data(data(json!({"domain_id": 8})));
    stage.send(500, other.clone()).await;
    assert_eq!(stage.counts().await, [2, 1, 1, 0, 0]);
    // The same notice fails again after midnight, and is on the queue already.
    stage.simulator.advance_clock(std::time::Duration::from_secs(86_400));
    stage.send(500, other).await;
    assert_eq!(stage.counts().await, [2, 1, 0, 1, 0]);
}

#[tokio::test]
async fn a_dry_run_puts_nothing_on_the_queue_and_records_nothing() {
    let stage = Stage::set().await;
    stage.send(500, of_order("certificate_issued", 1)).await;
    let dry = Job { is_dry_run: true, ..JOB };
    for _ in 0..2 {
        let report = stage.reconciler().run(&dry).await.unwrap();
        assert_eq!((crate::stage::counts(&report), report.is_dry_run), ([1, 0, 1, 0, 0], true));
        assert_eq!(stage.queued().await.len(), 0);
    }
    assert_eq!(stage.counts().await, [1, 0, 1, 0, 0]);
}

#[tokio::test]
async fn an_event_not_delivered_within_an_hour_is_still_missing() {
    let stage = Stage::set().await;
    stage.send(500, of_order("certificate_issued", 1)).await;
    let id = id(
        "certificate_issued",
        &json!({"order_id": 1, "certificate_id": 2}),
        OffsetDateTime::now_utc(),
    );
    for (hours, outcome) in [(23.5, RecoveryStatus::Waiting), (22.9, RecoveryStatus::StillMissing)]
    {
        let kept_until = OffsetDateTime::now_utc() + Duration::HOUR * hours;
        stage
            .state
            .ledger()
            .record(ports::DeliveryRecord::id(format!("reconciled/{id}"), kept_until))
            .await
            .unwrap();
        let report = stage.run().await.unwrap();
        assert_eq!(report.rows[0].status, outcome);
        let still_missing = usize::from(outcome == RecoveryStatus::StillMissing);
        assert_eq!(report.counts.still_missing, still_missing);
    }
    assert_eq!(stage.queued().await.len(), 0, "once in 24 hours");
}
