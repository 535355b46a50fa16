//! Work of many calls (Meta): it stops before the deadline and where the budget ends, goes on where it
//! was, and comes to its end within ten days.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::time::OffsetDateTime;
use boot::Environment;
use envelope::{Provider, Reason, rfc3339};
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use serde_json::{Value, json};

use crate::bench::{TestWorker, envelope};
use crate::fakes::{Fake, Key};
use crate::outage::clock::Simulated;
use crate::scripted::{Scripted, http};

/// A little more than an hour, so that a window of hours has ended after as many of them.
const HOUR: Duration = Duration::from_secs(3601);

struct Stage {
    api: Scripted,
    clock: Arc<Simulated>,
    fake: Fake,
    worker: Arc<TestWorker>,
}

impl Stage {
    async fn start(variables: &[(&str, &str)]) -> Self {
        let api = Scripted::start().await;
        let base = ("META_API_BASE", api.base.as_str());
        let environment: Environment = variables.iter().chain([&base]).copied().collect();
        let fake = Fake::default();
        let ports = Ports {
            events: fake.clone(),
            deliveries: fake.clone(),
            ledger: fake.clone(),
            archive: fake.clone(),
        };
        let keys = Keys::from([(Provider::META, Key::new("right"))]);
        let settings = Settings::from_environment(&environment).unwrap();
        let clock = Arc::new(Simulated::new());
        let worker = Worker::with_clock(&settings, ports, keys, clock.clone()).unwrap();
        Self { api, clock, fake, worker: Arc::new(worker) }
    }

    /// Processes the event with as long as this, and again what is requeued, an hour later, until nothing
    /// is. How often it was received.
    async fn run(&self, event: &Value, time: Duration) -> usize {
        let mut body = event.to_string();
        for receipt in 1..200 {
            let deadline = Instant::now() + time;
            let message = QueueMessage {
                id: None,
                receipt: receipt.to_string(),
                body,
                deadline: Some(deadline),
            };
            let disposition = self.worker.process(&message).await;
            // What is begun is finished; the caller keeps a reserve for that.
            assert!(Instant::now() < deadline + SECOND, "longer than its deadline");
            let Some(sent) = self.fake.state().sent.pop() else {
                assert!(disposition.is_done(), "{disposition:?}");
                return receipt;
            };
            assert!(sent.delay <= Duration::from_secs(900), "{:?}", sent.delay);
            body = sent.body;
            self.clock.advance_to(self.clock.passed() + HOUR);
        }
        panic!("it does not end");
    }

    /// How often each thing was asked for: a query's domain, or a path.
    fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        for head in self.api.requests() {
            let target = head.split(' ').nth(1).unwrap();
            let query = target.split(['?', '&']).find_map(|part| part.strip_prefix("query="));
            let after = target.split('&').find_map(|part| part.strip_prefix("after="));
            let path = target.split('?').next().unwrap();
            let name = format!("{}{}", query.unwrap_or(path), after.unwrap_or_default());
            *asked.entry(name).or_default() += 1;
        }
        asked
    }
}

fn meta(id: &str, received: OffsetDateTime, entry: Value) -> Value {
    let document = json!({"object": "certificate_transparency", "entry": [entry], "event": "x"});
    let mut envelope = envelope(id, ::time::Duration::ZERO, &document);
    envelope["source"] = json!("/meta/certificate-transparency");
    envelope["receivedtime"] = rfc3339(received).into();
    envelope
}

fn observed(id: &str, received: OffsetDateTime) -> Value {
    meta(id, received, json!({"id": "../", "time": 1, "changed_fields": ["certificate"]}))
}

fn phishing(names: &[&str]) -> Value {
    let value = json!({"phished_domain": "a.example", "phishing_domains": names});
    let entry = json!({"id": "../", "changes": [{"field": "phishing", "value": value}]});
    meta("phishing", OffsetDateTime::now_utc(), entry)
}

/// A page with certificates that are described by these hashes.
fn page(numbers: impl IntoIterator<Item = usize>, after: Option<&str>) -> Vec<u8> {
    let data: Vec<_> = numbers
        .into_iter()
        .map(|number| json!({"cert_hash_sha256": format!("{number:064x}")}))
        .collect();
    let mut page = json!({"data": data});
    if let Some(after) = after {
        page["paging"] = json!({"next": "https://x.example", "cursors": {"after": after}});
    }
    http(200, "", page.to_string().as_bytes())
}

fn domains(count: usize) -> String {
    let names: Vec<_> = (0..count).map(|number| format!("d{number:03}.example")).collect();
    names.join(",")
}

#[tokio::test]
async fn it_stops_before_its_deadline_and_asks_for_nothing_twice() {
    let stage = Stage::start(&[("CALLBACK_TIMEOUT_SECONDS", "1")]).await;
    stage.api.answer("/certificates", page([], None));
    stage.api.answer("/certificates?query=b.example", page([1, 2], None));
    *stage.api.delay.lock().unwrap() = Duration::from_millis(300);
    let names = ["a.example", "b.example", "c.example", "d.example"];
    // A call may take 3 s, its wait for the rate limit included; so there is time for two or three.
    let receipts = stage.run(&phishing(&names), Duration::from_millis(3600)).await;
    assert!(receipts > 1, "the work was interrupted");
    assert_eq!(stage.asked(), names.map(|name| (name.to_owned(), 1)).into());
    let [event] = &stage.fake.events()[..] else { panic!("one event") };
    assert_eq!(event.data.certificates.len() + event.data.related.len(), 2);
}

/// However long each call takes, a receipt makes one.
#[tokio::test]
async fn a_receipt_makes_at_least_one_call() {
    let names = domains(3);
    let variables = [("META_DOMAINS", names.as_str()), ("CALLBACK_TIMEOUT_SECONDS", "60")];
    let stage = Stage::start(&variables).await;
    stage.api.answer("/certificates", page([], None));
    let receipts = stage.run(&observed("e", OffsetDateTime::now_utc()), 30 * SECOND).await;
    assert_eq!(receipts, 3);
    assert_eq!(stage.asked().into_values().collect::<Vec<_>>(), [1, 1, 1]);
}

const SECOND: Duration = Duration::from_secs(1);

/// Twelve domains, and a budget that allows three calls at a time: the work goes on where it was, and a
/// new event gets its turn between.
#[tokio::test]
async fn it_goes_on_where_the_budget_ended_and_others_get_their_turn() {
    let names = domains(12);
    let stage =
        Stage::start(&[("META_DOMAINS", names.as_str()), ("META_API_BUDGET", "5/30m")]).await;
    stage.api.answer("/certificates", page([], None));
    stage.api.answer("/certificates?query=d004", page([1, 2, 3], None));
    let now = OffsetDateTime::now_utc();
    let first = QueueMessage {
        id: None,
        receipt: "first".into(),
        body: observed("big", now).to_string(),
        deadline: None,
    };
    assert_eq!(stage.worker.process(&first).await, Disposition::Requeued);
    let made = stage.api.requests().len();
    assert!((1..12).contains(&made), "{made}");
    let big: Value = serde_json::from_str(&stage.fake.state().sent.pop().unwrap().body).unwrap();

    // The new one makes its first call at once, from the part that is kept for such.
    stage.api.answer("/certificates", http(400, "", RETIRED));
    let second = QueueMessage {
        id: None,
        receipt: "second".into(),
        body: observed("new", now).to_string(),
        deadline: None,
    };
    assert_eq!(stage.worker.process(&second).await, Disposition::Delivered);
    assert_eq!(stage.api.requests().len(), made + 1);

    stage.api.answer("/certificates", page([], None));
    let before = stage.asked();
    let receipts = stage.run(&big, 600 * SECOND).await;
    assert!(receipts <= 12, "{receipts}");
    let asked = stage.asked();
    assert_eq!(asked.len(), 12);
    // The first one is the new event's too.
    let again = asked.iter().filter(|(name, count)| **count > 1 && *name != "d000.example");
    assert_eq!(again.count(), 0, "{asked:?}, at first {before:?}");
    // One delivery for the new event, and one for each certificate; none for the big one itself.
    assert_eq!(stage.fake.events().len(), 4);
}

const RETIRED: &[u8] =
    br#"{"error":{"type":"GraphMethodException","code":100,"error_subcode":33}}"#;

/// 170 domains and the default budget: two hours.
#[tokio::test]
async fn many_domains_end_under_the_default_budget() {
    let names = domains(170);
    let stage = Stage::start(&[("META_DOMAINS", names.as_str())]).await;
    stage.api.answer("/certificates", page([7], None));
    let receipts = stage.run(&observed("e", OffsetDateTime::now_utc()), 600 * SECOND).await;
    assert!((2..=3).contains(&receipts), "{receipts}");
    assert_eq!(stage.api.requests().len(), 170);
    assert_eq!(stage.fake.events().len(), 1);
}

/// The smallest budget that can be set, and more work than it has room for in ten days.
#[tokio::test]
async fn it_ends_within_ten_days_under_any_budget() {
    let names = domains(500);
    for (budget, age) in [("1/3h", 9), ("1/3h", 60), ("1/1000h", 9), ("1/1000h", 60)] {
        let stage =
            Stage::start(&[("META_DOMAINS", names.as_str()), ("META_API_BUDGET", budget)]).await;
        stage.api.answer("/certificates", page([], None));
        let received = OffsetDateTime::now_utc() - ::time::Duration::days(age);
        let receipts = stage.run(&observed("e", received), 600 * SECOND).await;
        assert!(receipts <= 26, "{budget} {age}: {receipts}");
        let [event] = &stage.fake.events()[..] else { panic!("one event") };
        assert!(
            event.data.problems.last().unwrap().contains("expired"),
            "{:?}",
            event.data.problems
        );
        assert!(event.data.problems.len() <= 100);
    }
}

/// The deadline, too, is looked at by every path.
#[tokio::test]
async fn an_old_event_without_time_ends() {
    let names = domains(5);
    let stage = Stage::start(&[("META_DOMAINS", names.as_str())]).await;
    stage.api.answer("/certificates", page([], None));
    let received = OffsetDateTime::now_utc() - ::time::Duration::days(11);
    let message = QueueMessage {
        id: None,
        receipt: "r".into(),
        body: observed("e", received).to_string(),
        deadline: Some(Instant::now()),
    };
    assert_eq!(stage.worker.process(&message).await, Disposition::Delivered);
    assert_eq!(stage.fake.events()[0].data.callback.reason, Some(Reason::Expired));
}

/// The API is retired: one call, whatever is left.
#[tokio::test]
async fn a_retired_api_ends_it_at_once() {
    let names = domains(12);
    let stage = Stage::start(&[("META_DOMAINS", names.as_str())]).await;
    stage.api.answer("/certificates", http(400, "", RETIRED));
    stage.run(&observed("e", OffsetDateTime::now_utc()), 600 * SECOND).await;
    stage.run(&phishing(&["a.example", "b.example"]), 600 * SECOND).await;
    assert_eq!(stage.api.requests().len(), 2);
    let events = stage.fake.events();
    assert!(events.iter().all(|event| event.data.callback.reason == Some(Reason::Retired)));
}

/// The work ends between two certificates of a page, of which each is delivered once.
#[tokio::test]
async fn a_page_that_was_interrupted_is_delivered_once() {
    let stage = Stage::start(&[("META_DOMAINS", "a.example,b.example")]).await;
    stage.api.answer("/certificates?query=a.example", page(0..40, Some("next")));
    stage.api.answer("/certificates?query=b.example", page(40..60, None));
    stage.fake.state().slow_publish = Duration::from_millis(20);
    let receipts = stage.run(&observed("e", OffsetDateTime::now_utc()), 300 * MILLI).await;
    assert!(receipts > 2, "{receipts}");
    let mut ids: Vec<_> = stage.fake.events().into_iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 60);
    ids.dedup();
    assert_eq!(ids.len(), 60);
}

const MILLI: Duration = Duration::from_millis(1);

/// Events as large as an endpoint accepts: whatever is delivered beside the payload leaves room for it, and
/// what is requeued fits a queue message.
#[tokio::test]
async fn a_large_event_is_delivered_or_requeued_whole() {
    let stage = Stage::start(&[("META_API_BUDGET", "200/1h")]).await;
    let names = |count: usize| (0..count).map(|number| format!("n{number:05}.example"));
    let many: Vec<_> = names(53_000).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let odd = "!".repeat(14);
    for names in [many, vec![odd.as_str(); 55_000]] {
        let event = phishing(&names);
        let size = event.to_string().len();
        assert!((900_000..1_044_000).contains(&size), "{size}");
        for (answer, disposition) in [
            (http(503, "", b""), Disposition::Requeued),
            (http(400, "", RETIRED), Disposition::Delivered),
        ] {
            stage.api.answer("/certificates", answer);
            let body = event.to_string();
            let message = QueueMessage { id: None, receipt: "r".into(), body, deadline: None };
            let is_asked = names[0].ends_with("example");
            let expected = if is_asked { disposition } else { Disposition::Delivered };
            assert_eq!(stage.worker.process(&message).await, expected);
            if !is_asked {
                break;
            }
        }
        assert!(stage.fake.state().sent.iter().all(|sent| sent.body.len() < 1024 * 1024));
        let published = stage.fake.state().published.pop().unwrap();
        assert!(published.body.len() <= 900 * 1024);
        stage.fake.state().ledger.clear();
    }
}
