//! The figure of a day is that of a calendar day in UTC, whatever the windows of the runs are.

use envelope::Provider;
use reconciliation::Figure;
use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime, Time};

use crate::canned::Canned;
use crate::taken::{certcentral, id, sending};

const MINUTE: Duration = Duration::MINUTE;
const DAY: Duration = Duration::DAY;

/// The day that is yesterday for the clock of [`at`].
fn yesterday() -> Date {
    OffsetDateTime::now_utc().date()
}

/// This long after the midnight that ends [`yesterday`].
fn at(after_midnight: Duration) -> OffsetDateTime {
    yesterday().midnight().assume_utc() + DAY + after_midnight
}

fn of(day: Date, [known, recovered, missing]: [usize; 3]) -> Option<Figure> {
    Some(Figure { day, sent: known + recovered + missing, known, recovered, missing })
}

/// An account whose log has these entries, at five past one.
async fn account(entries: &[Value]) -> Canned {
    let canned = certcentral(entries).await;
    canned.pass_until(at(65 * MINUTE));
    canned.first_ran(30 * DAY).await;
    canned.last_ran(15 * MINUTE).await;
    canned.has_figure_of(yesterday() - DAY).await;
    canned
}

#[tokio::test]
async fn a_figure_is_of_one_whole_day() {
    let entries = [
        sending(1, 200, at(-DAY - MINUTE)),
        sending(2, 200, at(-DAY)),
        sending(3, 503, at(-DAY + MINUTE)),
        sending(4, 200, at(-MINUTE)),
        // It failed on the day, and was taken on the next one.
        sending(5, 503, at(-MINUTE)),
        sending(5, 200, at(MINUTE)),
        sending(6, 200, at(-MINUTE)),
        sending(7, 200, at(Duration::ZERO)),
        sending(8, 503, at(MINUTE)),
    ];
    let canned = account(&entries).await;
    for order in [1, 2, 4, 5, 7] {
        canned.knows(&id(order)).await;
    }
    canned.pass_until(at(59 * MINUTE));
    assert_eq!(canned.scheduled().await.unwrap().figure, None, "too early to tell");
    canned.pass_until(at(60 * MINUTE));
    // 3 was not taken, and 6 by somebody else.
    let figure = canned.scheduled().await.unwrap().figure;
    assert_eq!(figure, of(yesterday(), [3, 2, 0]));
    assert_eq!(canned.scheduled().await.unwrap().figure, None, "once");
    canned.pass_until(at(23 * Duration::HOUR));
    assert_eq!(canned.scheduled().await.unwrap().figure, None, "the next day is not over");
}

/// An event that a run put on the queue counts as recovered, also when its mark ended long before the figure.
#[tokio::test]
async fn what_a_run_recovered_and_what_is_missing_is_told_apart() {
    let entries = [sending(1, 503, at(-DAY + MINUTE)), sending(2, 503, at(-2 * Duration::HOUR))];
    let canned = account(&entries).await;
    canned.pass_until(at(-DAY + 10 * MINUTE));
    canned.last_ran(15 * MINUTE).await;
    let early = canned.scheduled().await.unwrap();
    assert_eq!((early.figure, early.counts.recovered), (None, 2));
    canned.knows(&id(1)).await;
    canned.pass_until(at(65 * MINUTE));
    canned.last_ran(15 * MINUTE).await;
    // The second one was never delivered. Its mark has ended, so that it is put on the queue once more.
    assert_eq!(canned.scheduled().await.unwrap().figure, of(yesterday(), [0, 2, 0]));

    let canned = account(&entries[1..]).await;
    canned.pass_until(at(-MINUTE));
    canned.last_ran(3 * Duration::HOUR).await;
    assert_eq!(canned.scheduled().await.unwrap().counts.recovered, 1);
    canned.pass_until(at(65 * MINUTE));
    assert_eq!(canned.scheduled().await.unwrap().figure, of(yesterday(), [0, 0, 1]));
}

/// CertCentral tells no time of a change, but which orders changed since one.
#[tokio::test]
async fn a_change_that_was_not_sent_counts_to_its_day() {
    let canned = account(&[]).await;
    let orders = |numbers: &[u64]| {
        let order = |number: &u64| json!({"order_id": number, "certificate_id": number, "status": "issued"});
        json!({"orders": numbers.iter().map(order).collect::<Vec<_>>()})
    };
    canned.answer("/status-changes", 200, orders(&[1, 2, 3]));
    canned.answer("/status-changes?minutes=1505", 200, orders(&[2, 3]));
    canned.answer("/status-changes?minutes=65", 200, orders(&[3]));
    let report = canned.scheduled().await.unwrap();
    assert_eq!(report.counts.recovered, 3);
    assert_eq!(report.figure, of(yesterday(), [0, 1, 0]));
}

/// Days without a complete run are caught up with, a day with each run. Those that are too long ago are not.
#[tokio::test]
async fn days_without_a_run_are_caught_up_with() {
    let sent = |days: i64| sending(days.unsigned_abs(), 200, at(-DAY * days as i32 + MINUTE));
    let entries: Vec<_> = (1..10).map(sent).collect();
    let canned = account(&entries).await;
    canned.has_figure_of(yesterday() - 9 * DAY).await;
    canned.last_ran(8 * DAY).await;
    for order in 1..10 {
        canned.knows(&id(order)).await;
    }
    canned.answer("/webhook/1/event-logs", 503, "");
    canned.scheduled().await.unwrap_err();
    canned.answer("/webhook/1/event-logs", 200, json!({"events": entries, "page": {"total": 9}}));
    for days in (0..6).rev() {
        let figure = canned.scheduled().await.unwrap().figure;
        assert_eq!(figure, of(yesterday() - days * DAY, [1, 0, 0]), "{days}");
    }
    assert_eq!(canned.scheduled().await.unwrap().figure, None);
}

/// The day of the first start is none that was compared as a whole; a run by hand tells no figure.
#[tokio::test]
async fn figures_begin_with_the_first_whole_day() {
    let canned = Canned::start(Provider::CLOUDFLARE, 60).await;
    let empty = json!({"success": true, "result": [], "result_info": {"total_count": 0}});
    canned.answer("/accounts/acc/alerting/v3/history", 200, &empty);
    canned.answer("/zones?", 200, empty);
    canned.pass_until(at(65 * MINUTE));
    canned.last_ran(15 * MINUTE).await;
    canned.first_ran(10 * Duration::HOUR).await;
    assert_eq!(canned.scheduled().await.unwrap().figure, None);
    canned.pass_until(at(DAY + 65 * MINUTE));
    assert_eq!(canned.run().await.unwrap().figure, None);
    assert_eq!(canned.scheduled().await.unwrap().figure, of(yesterday() + DAY, [0; 3]));
}

#[test]
fn the_clock_of_these_tests_is_at_midnight() {
    assert_eq!(at(Duration::ZERO).time(), Time::MIDNIGHT);
}
