//! CertCentral's log says what was answered, and not by whom. The ledger decides what arrived.

use envelope::Provider;
use ports::Ledger;
use providers::digicert::DigicertReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::{Verified, WebhookRequest};
use reconciliation::{Cause, Job, forget};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::canned::{Canned, counts};

const HOUR: Duration = Duration::HOUR;
const DAY: Duration = Duration::DAY;

fn data(order: u64) -> Value {
    json!({"order_id": order, "certificate_id": order})
}

/// An entry of the event log.
pub(crate) fn sending(order: u64, code: u16, at: OffsetDateTime) -> Value {
    let at = envelope::rfc3339(at.replace_nanosecond(0).unwrap());
    json!({
        "event_name": "certificate_issued", "event_info": data(order), "response_code": code,
        "request_status": if code < 300 { "success" } else { "failed" },
        "request_sent_time": at.trim_end_matches('Z'),
    })
}

/// The id of its webhook.
pub(crate) fn id(order: u64) -> String {
    let body = json!({"event": "certificate_issued", "data": data(order)}).to_string();
    let request = WebhookRequest::post(Default::default(), body, OffsetDateTime::now_utc());
    let verified = Verified::<DigicertReceiver>::by_source_address(&request);
    DigicertReceiver::events(&verified).unwrap().remove(0).envelope.id
}

pub(crate) async fn certcentral(entries: &[Value]) -> Canned {
    let canned = Canned::start(Provider::DIGICERT, 60).await;
    canned.answer("/webhook", 200, json!({"webhooks": [{"id": 1}]}));
    let page = json!({"events": entries, "page": {"total": entries.len()}});
    canned.answer("/webhook/1/event-logs", 200, page);
    canned.answer("/status-changes", 200, "{}");
    canned
}

#[tokio::test]
async fn what_somebody_else_answered_is_recovered_after_an_hour() {
    let sent = OffsetDateTime::now_utc() - HOUR + Duration::MINUTE;
    let canned = certcentral(&[sending(1, 200, sent), sending(2, 204, sent)]).await;
    canned.last_ran(Duration::ZERO).await;
    canned.knows(&id(2)).await;
    let report = canned.run().await.unwrap();
    assert_eq!((report.counts.known, report.rows.len()), (2, 0), "it may be on its way");
    canned.pass_until(sent + HOUR + Duration::SECOND);
    let report = canned.run().await.unwrap();
    assert_eq!((report.counts.known, report.counts.recovered), (1, 1), "{}", counts(&report));
    assert_eq!(report.rows[0].cause, Cause::Answered(Some(200)));
    assert_eq!(report.rows[0].cause.to_string(), "answered 200, but did not arrive");
    let queued = canned.queued().await;
    assert_eq!((queued.len(), queued[0].id.as_str()), (1, id(1).as_str()));
    assert_eq!(queued[0].reconciled, Some(true));
    // It has left the window of an hour by now.
    canned.last_ran(Duration::MINUTE).await;
    assert_eq!(canned.run().await.unwrap().counts.waiting, 1, "once");
}

/// However short the overlap is, the hour in which an event may be on its way is looked at again.
#[tokio::test]
async fn an_overlap_of_a_minute_hides_nothing() {
    let sent = OffsetDateTime::now_utc();
    let canned = Canned::start(Provider::DIGICERT, 1).await;
    canned.answer("/webhook", 200, json!({"webhooks": [{"id": 1}]}));
    let page = json!({"events": [sending(1, 200, sent)], "page": {"total": 1}});
    canned.answer("/webhook/1/event-logs", 200, page);
    canned.answer("/status-changes", 200, "{}");
    for minutes in [1, 15, 30, 45, 58] {
        canned.pass_until(sent + Duration::minutes(minutes));
        assert_eq!(canned.run().await.unwrap().counts.recovered, 0, "{minutes}");
    }
    canned.pass_until(sent + Duration::minutes(75));
    assert_eq!(canned.run().await.unwrap().counts.recovered, 1);
}

/// Before the first start another endpoint may have taken what this installation never saw. What nobody took
/// is recovered as ever.
#[tokio::test]
async fn what_was_taken_before_the_first_start_is_not_missing() {
    let now = OffsetDateTime::now_utc();
    let entries = [
        sending(1, 200, now - 3 * DAY),
        sending(2, 200, now - 90 * Duration::MINUTE),
        sending(3, 503, now - 3 * DAY),
    ];
    let week = Job { window_minutes: Some(10_080), ..Job::default() };
    for (first, recovered) in [(HOUR, 1), (2 * HOUR, 2), (4 * DAY, 3)] {
        let canned = certcentral(&entries).await;
        canned.first_ran(first).await;
        let report = canned.reconciler().run(&week).await.unwrap();
        assert_eq!(report.counts.recovered, recovered, "{first}");
    }
    // A folder that was never started: a look takes no note of a start.
    let canned = certcentral(&entries).await;
    canned.state.ledger().forget("reconciled/first/digicert").await.unwrap();
    for (is_dry_run, after) in [(true, Duration::ZERO), (false, Duration::ZERO), (false, HOUR * 2)]
    {
        canned.pass_until(now + after);
        let job = Job { is_dry_run, ..week };
        let report = canned.reconciler().run(&job).await.unwrap();
        assert_eq!(report.counts.known, 2, "{}", counts(&report));
    }
}

/// The log's word on a forged event whose id was forgotten is of no use: the true one is fetched.
#[tokio::test]
async fn a_forgotten_event_is_recovered_whatever_was_answered() {
    let canned = certcentral(&[sending(1, 200, OffsetDateTime::now_utc() - 2 * HOUR)]).await;
    canned.last_ran(2 * HOUR).await;
    canned.knows(&id(1)).await;
    assert_eq!(canned.run().await.unwrap().counts.known, 1);
    forget(&canned.state.ledger(), &[id(1)]).await.unwrap();
    canned.last_ran(2 * HOUR).await;
    assert_eq!(canned.run().await.unwrap().counts.recovered, 1);
}

/// A notice may come every day with the same data. Each day's is an event of its own.
#[tokio::test]
async fn notices_of_two_days_are_two_events() {
    let now = OffsetDateTime::now_utc();
    let notice = |code: u16, at: OffsetDateTime| {
        let mut entry = sending(0, code, at);
        entry["event_name"] = "domain_expired".into();
        entry["event_info"] = json!({"domain_id": 7});
        entry
    };
    let week = Job { window_minutes: Some(10_080), ..Job::default() };
    for (codes, seen) in [([200, 200, 200], 3), ([503, 200, 200], 2), ([503, 503, 503], 2)] {
        let entries: Vec<_> =
            (2..).zip(codes).map(|(days, code)| notice(code, now - days * DAY)).collect();
        let canned = certcentral(&entries).await;
        let report = canned.reconciler().run(&week).await.unwrap();
        assert_eq!(report.counts.seen, seen, "{codes:?}");
    }
}
