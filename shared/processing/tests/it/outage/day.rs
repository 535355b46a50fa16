use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ::time::OffsetDateTime;
use boot::Environment;
use envelope::{CertificateEvent, Provider};
use processing::{Clock, Disposition, Keys, Ports, Settings, Worker};
use serde_json::{Value, json};
use simulator::Simulator;
use tokio::task::JoinSet;

use super::clock::Simulated;
use super::queue::{Queue, Receipt};
use crate::bench::{envelope, issued};
use crate::fakes::{Fake, Key};

/// The maximum number of messages in progress.
pub(crate) const CONCURRENCY: usize = 64;
/// CertCentral's budget, and a worker's share of it, which is four fifths.
const BUDGET: &str = "20/5s,200/3m";
pub(crate) const SHARES: [(usize, Duration); 2] =
    [(16, Duration::from_secs(5)), (160, Duration::from_secs(180))];

type DayWorker = Worker<Queue, Fake, Fake, Fake, Key>;

/// A worker, the simulator of the providers, and a queue, whose time advances from one event to the
/// next.
pub(crate) struct Day {
    pub(crate) simulator: Simulator,
    pub(crate) queue: Queue,
    pub(crate) digicert_key: Key,
    pub(crate) fake: Fake,
    clock: Arc<Simulated>,
    worker: Arc<DayWorker>,
    running: JoinSet<(Receipt, Disposition)>,
    /// The events that will arrive, and when.
    scheduled: VecDeque<(Duration, Value)>,
    pub(crate) arrived: BTreeMap<String, Duration>,
    pub(crate) delivered: Vec<(Duration, CertificateEvent)>,
    /// The times of calls to CertCentral.
    pub(crate) calls: Vec<Duration>,
}

impl Day {
    pub(crate) async fn start() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let settings = simulator::Settings {
            digicert_api_key: Some("right".into()),
            ..simulator::Settings::default()
        };
        let simulator = Simulator::start(listen, settings).await.unwrap();
        let (digicert, cloudflare) = (simulator.digicert_base(), simulator.cloudflare_base());
        let environment: Environment = [
            ("DIGICERT_API_BASE", digicert.as_str()),
            ("DIGICERT_API_BUDGET", BUDGET),
            ("CLOUDFLARE_API_BASE", &cloudflare),
        ]
        .into_iter()
        .collect();
        let clock = Arc::new(Simulated::new());
        let (queue, fake, key) = (Queue::new(clock.clone()), Fake::default(), Key::new("right"));
        let ports = Ports {
            events: queue.clone(),
            deliveries: fake.clone(),
            ledger: fake.clone(),
            archive: fake.clone(),
        };
        let other = Key::new("right");
        let keys = Keys::from([(Provider::DIGICERT, key.clone()), (Provider::CLOUDFLARE, other)]);
        let settings = Settings::from_environment(&environment).unwrap();
        let worker = Worker::with_clock(&settings, ports, keys, clock.clone()).unwrap();
        Self {
            simulator,
            queue,
            digicert_key: key,
            fake,
            clock,
            worker: Arc::new(worker),
            running: JoinSet::new(),
            scheduled: VecDeque::new(),
            arrived: BTreeMap::new(),
            delivered: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// Schedules an event of CertCentral and one of Cloudflare. The calls come in order of time.
    pub(crate) fn schedule(&mut self, at: Duration) {
        let number = self.scheduled.len();
        let age = OffsetDateTime::now_utc() - (self.clock.now() + (at - self.clock.passed()));
        self.scheduled.push_back((at, issued(&format!("digicert-{number}"), age)));
        self.scheduled.push_back((at, deployed(&format!("cloudflare-{number}"), age)));
    }

    /// Advances time to `end`.
    pub(crate) async fn run_until(&mut self, end: Duration) {
        loop {
            let now = self.clock.passed();
            while let Some((at, event)) = self.scheduled.pop_front_if(|(at, _)| *at <= now) {
                self.arrived.insert(event["id"].as_str().unwrap().to_owned(), at);
                self.queue.put(event.to_string(), Duration::ZERO);
            }
            self.work().await;
            self.collect(now).await;
            let wakes = self.clock.asleep().borrow().iter().min().copied();
            let arrives = self.scheduled.front().map(|(at, _)| *at);
            // A visible message that was not received waits for room, and so for a sleeper.
            let visible = self.queue.next_visible().filter(|at| *at > now);
            let next = [wakes, arrives, visible].into_iter().flatten().min().unwrap_or(end);
            self.clock.advance_to(next.min(end));
            if next >= end {
                return;
            }
        }
    }

    /// Does everything that can happen without time passing.
    async fn work(&mut self) {
        let mut asleep = self.clock.asleep();
        loop {
            for (receipt, message) in self.queue.receive(CONCURRENCY - self.running.len()) {
                let worker = Arc::clone(&self.worker);
                self.running.spawn(async move { (receipt, worker.process(&message).await) });
            }
            if asleep.borrow_and_update().len() == self.running.len() {
                return;
            }
            tokio::select! {
                Some(done) = self.running.join_next() => {
                    let (receipt, disposition) = done.unwrap();
                    if disposition.is_done() {
                        self.queue.acknowledge(receipt);
                    }
                }
                changed = asleep.changed() => changed.unwrap(),
            }
        }
    }

    async fn collect(&mut self, now: Duration) {
        let requests = self.simulator.requests();
        let calls = requests.recent().into_iter().filter(|seen| seen.path.starts_with("/services"));
        self.calls.extend(calls.map(|_| now));
        requests.clear();
        self.delivered.extend(self.fake.events().into_iter().map(|event| (now, event)));
        self.fake.state().published.clear();
        self.fake.state().journal.clear();
    }
}

fn deployed(id: &str, age: ::time::Duration) -> Value {
    let kind = "ssl.custom_hostname_certificate.deployment.succeeded";
    let mut envelope = envelope(
        id,
        age,
        &json!({
            "event": kind,
            "metadata": {"event": {"id": "e", "type": kind}, "zone": {"id": "z"}},
            "data": {"id": "h", "hostname": "h.example.com"},
        }),
    );
    envelope["source"] = "/cloudflare/zones/z".into();
    envelope["type"] = format!("com.cloudflare.{kind}").into();
    envelope
}
