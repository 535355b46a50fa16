//! However long nothing was compared: the next complete run looks back to the last one.

use envelope::Provider;
use reconciliation::Job;
use serde_json::{Value, json};
use time::Duration;

use crate::canned::{Canned, ago, counts};

const HOUR: Duration = Duration::HOUR;
const DAY: Duration = Duration::DAY;

/// An entry of the event log that was not answered.
fn unanswered(order: u64, time: Duration) -> Value {
    json!({
        "event_name": "certificate_issued",
        "event_info": {"order_id": order, "certificate_id": order},
        "request_sent_time": ago(time).trim_end_matches('Z'),
    })
}

async fn certcentral(entries: Value) -> Canned {
    let canned = Canned::start(Provider::DIGICERT, 60).await;
    let total = entries.as_array().unwrap().len();
    canned.answer("/webhook", 200, json!({"webhooks": [{"id": 1}]}));
    canned.answer(
        "/webhook/1/event-logs",
        200,
        json!({"events": entries, "page": {"total": total}}),
    );
    canned.answer("/status-changes", 200, "{}");
    canned
}

#[tokio::test]
async fn a_run_looks_back_to_the_last_complete_one() {
    for (gap, found) in
        [(Duration::ZERO, 1), (3 * HOUR, 2), (3 * DAY, 3), (30 * DAY, 4), (200 * DAY, 4)]
    {
        let entries = json!([
            unanswered(1, Duration::minutes(30)),
            unanswered(2, 2 * HOUR),
            unanswered(3, 2 * DAY),
            unanswered(4, 29 * DAY),
            unanswered(5, 100 * DAY),
        ]);
        let canned = certcentral(entries).await;
        canned.last_ran(gap).await;
        let report = canned.run().await.unwrap();
        assert_eq!(report.counts.recovered, found, "{gap}");
        assert_eq!(canned.queued().await.len(), found);
        assert!(canned.last_run().await.unwrap() < HOUR, "this run is the last one now");
    }
}

/// Nothing before the first start is missing, but for the overlap; and what is missed after a first start
/// that never came to a run is found by the next one.
#[tokio::test]
async fn the_first_start_begins_the_record() {
    let canned =
        certcentral(json!([unanswered(1, Duration::minutes(30)), unanswered(2, 2 * DAY)])).await;
    canned.answer("/status-changes", 503, "");
    canned.run().await.unwrap_err();
    let first = canned.last_run().await.unwrap();
    canned.run().await.unwrap_err();
    assert!(canned.last_run().await.unwrap() >= first, "a failed run is no complete one");
    canned.answer("/status-changes", 200, "{}");
    assert_eq!(canned.run().await.unwrap().counts.recovered, 1);
}

/// A run that did not read all, put nothing, or left a part out does not end the gap.
#[tokio::test]
async fn only_a_complete_run_ends_the_gap() {
    let canned = certcentral(json!([unanswered(1, 2 * DAY)])).await;
    let gap = 3 * DAY;
    canned.last_ran(gap).await;
    for page in ["<html>blocked</html>", r#"{"message":"blocked"}"#] {
        for status in [403, 404, 200] {
            canned.answer("/webhook/1/event-logs", status, page);
            canned.run().await.unwrap_err();
            assert!(canned.last_run().await.unwrap() >= gap, "{status} {page}");
        }
    }
    let canned = certcentral(json!([unanswered(1, 2 * DAY)])).await;
    canned.last_ran(gap).await;
    for job in [
        Job { is_dry_run: true, ..Job::default() },
        Job { window_minutes: Some(60), ..Job::default() },
    ] {
        canned.reconciler().run(&job).await.unwrap();
        assert!(canned.last_run().await.unwrap() >= gap, "{job:?}");
        assert_eq!(canned.queued().await.len(), 0);
    }
    // One by hand that covers it does.
    let job = Job { window_minutes: Some(7 * 1440), ..Job::default() };
    canned.reconciler().run(&job).await.unwrap();
    assert!(canned.last_run().await.unwrap() < HOUR);
    assert_eq!(canned.queued().await.len(), 1);
}

/// Orders are asked for in ranges of seven days at most, without a gap between them.
#[tokio::test]
async fn status_changes_are_read_in_windows_of_seven_days() {
    let canned = certcentral(json!([])).await;
    canned.last_ran(20 * DAY).await;
    canned.answer(
        "/status-changes?filters",
        200,
        json!({"orders": [
            {"order_id": 7, "certificate_id": 8, "status": "issued"},
        ]}),
    );
    let report = canned.run().await.unwrap();
    assert_eq!(counts(&report)["recovered"], 1, "once, though several windows tell it");
    let requests = canned.requests.lock().unwrap().clone();
    let minutes = requests.iter().filter(|target| target.contains("minutes=10080"));
    assert_eq!(minutes.count(), 1);
    let format = time::macros::format_description!("[year]-[month]-[day]+[hour]:[minute]:[second]");
    let ranges: Vec<_> = requests
        .iter()
        .filter_map(|target| target.split_once("status_last_updated%5D="))
        .map(|(_, range)| {
            let range = range.replace("%2B", "+").replace("%3A", ":");
            let (from, to) = range.split_once("...").unwrap();
            let time = |text| time::PrimitiveDateTime::parse(text, &format).unwrap();
            (time(from), time(to))
        })
        .collect();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    for (from, to) in &ranges {
        assert!(from < to && *to - *from <= 7 * DAY, "{from} {to}");
    }
    assert!(ranges[1].1 > ranges[0].0, "they overlap");
    let whole = ranges[0].1 - ranges[1].0;
    assert!(whole >= 13 * DAY, "{whole}");
}

/// A clock that ran ahead, and was set back: the next run looks at least as far back as the overlap.
#[tokio::test]
async fn a_last_run_in_the_future_is_now() {
    let canned = certcentral(json!([unanswered(1, Duration::minutes(30))])).await;
    canned.last_ran(-30 * DAY).await;
    assert_eq!(canned.run().await.unwrap().counts.recovered, 1);
    assert!(canned.last_run().await.unwrap() >= Duration::ZERO);
}
