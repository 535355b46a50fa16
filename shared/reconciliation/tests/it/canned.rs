//! A provider's API with records of any time, and a state folder to compare them with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State as Extracted};
use axum::http::StatusCode;
use boot::Environment;
use embedded::{LocalEvents, LocalLedger, Options, State};
use envelope::{Envelope, Provider};
use ports::{Clock, DeliveryRecord, Ledger};
use reconciliation::{Job, Ports, Reconciler, Report, RunError, Settings, last_complete_run};
use serde_json::Value;
use time::{Date, Duration, OffsetDateTime};

use crate::stage::ApiKey;

/// The system's clock, ahead of itself.
#[derive(Clone, Default)]
struct TestClock(Arc<AtomicI64>);

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + Duration::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

type Answers = Arc<Mutex<BTreeMap<&'static str, (u16, String)>>>;

pub(crate) struct Canned {
    pub(crate) state: State,
    answers: Answers,
    /// Path and query of each request.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    environment: Environment,
    provider: Provider,
    folder: PathBuf,
    clock: TestClock,
}

impl Canned {
    pub(crate) async fn start(provider: Provider, overlap_minutes: u32) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("certhooks-reconciliation-canned-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (answers, requests) = (Answers::default(), Arc::<Mutex<Vec<String>>>::default());
        let state = (Arc::clone(&answers), Arc::clone(&requests));
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let overlap = overlap_minutes.to_string();
        let variables = [
            ("DIGICERT_API_BASE", base.as_str()),
            ("DIGICERT_API_BUDGET", "none"),
            ("CLOUDFLARE_API_BASE", &base),
            ("CLOUDFLARE_API_BUDGET", "none"),
            ("CLOUDFLARE_ACCOUNT_ID", "acc"),
            ("CERTSPOTTER_API_BASE", &base),
            ("CERTSPOTTER_API_BUDGET", "none"),
            ("CERTSPOTTER_DOMAINS", "shop.example"),
            ("RECONCILE_WINDOW_MINUTES", &overlap),
        ];
        let environment = variables.into_iter().collect();
        let clock = TestClock::default();
        let options = Options { clock: Arc::new(clock.clone()), ..Options::default() };
        let state = State::open(&folder, options).unwrap();
        let canned = Self { state, answers, requests, environment, provider, folder, clock };
        canned.first_ran(Duration::days(80)).await;
        canned
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Lets time pass until then.
    pub(crate) fn pass_until(&self, then: OffsetDateTime) {
        // One more, since the rest of a millisecond is cut off: the clock is not before `then`.
        let ahead = (then - OffsetDateTime::now_utc()).whole_milliseconds() as i64 + 1;
        self.clock.0.store(ahead, Ordering::SeqCst);
    }

    /// Answers requests whose path and query contain this.
    pub(crate) fn answer(&self, part: &'static str, status: u16, body: impl ToString) {
        self.answers.lock().unwrap().insert(part, (status, body.to_string()));
    }

    pub(crate) fn reconciler(&self) -> Reconciler<LocalEvents, LocalLedger, ApiKey> {
        let settings = Settings::from_environment(&self.environment, self.provider);
        let (events, ledger) = (self.state.events(), self.state.ledger());
        let ports = Ports { events, ledger, key: ApiKey };
        let reconciler = Reconciler::new(&settings.unwrap().unwrap(), ports).unwrap();
        reconciler.with_clock(Arc::new(self.clock.clone()))
    }

    pub(crate) async fn run(&self) -> Result<Report, RunError> {
        self.reconciler().run(&Job::default()).await
    }

    /// A run as the schedule starts it.
    pub(crate) async fn scheduled(&self) -> Result<Report, RunError> {
        self.reconciler().run(&Job { is_scheduled: true, ..Job::default() }).await
    }

    /// The last complete run began this long ago.
    pub(crate) async fn last_ran(&self, ago: Duration) {
        self.keep("last", self.now() - ago).await;
    }

    /// The ledger's record begins this long ago.
    pub(crate) async fn first_ran(&self, ago: Duration) {
        self.keep("first", self.now() - ago).await;
    }

    /// The figure of this day was the last one.
    pub(crate) async fn has_figure_of(&self, day: Date) {
        self.keep("figure", day.midnight().assume_utc()).await;
    }

    async fn keep(&self, what: &str, at: OffsetDateTime) {
        let key = format!("reconciled/{what}/{}", self.provider);
        let record = DeliveryRecord::id(key, at + Duration::days(400));
        self.state.ledger().record(record).await.unwrap();
    }

    /// How long ago the last complete run began; `None` when nothing is known of one.
    pub(crate) async fn last_run(&self) -> Option<Duration> {
        let at = last_complete_run(&self.state.ledger(), self.provider).await.unwrap();
        at.map(|at| OffsetDateTime::now_utc() - at)
    }

    pub(crate) async fn knows(&self, id: &str) {
        let until = self.now() + Duration::days(30);
        self.state.ledger().record(DeliveryRecord::id(id, until)).await.unwrap();
    }

    /// Receives and acknowledges the envelopes on the events queue.
    pub(crate) async fn queued(&self) -> Vec<Envelope> {
        let events = self.state.events();
        let mut envelopes = Vec::new();
        for received in events.receive(1000).await.unwrap() {
            envelopes.push(serde_json::from_str(&received.body).unwrap());
            events.acknowledge(received.receipt).await.unwrap();
        }
        envelopes
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn answer(
    Extracted((answers, requests)): Extracted<(Answers, Arc<Mutex<Vec<String>>>)>,
    request: Request,
) -> (StatusCode, String) {
    let target = request.uri().to_string();
    requests.lock().unwrap().push(target.clone());
    let answers = answers.lock().unwrap();
    let fitting = answers.iter().filter(|(part, _)| target.contains(**part));
    let (status, body) = match fitting.max_by_key(|(part, _)| part.len()) {
        Some((_, answer)) => answer.clone(),
        None => (500, String::new()),
    };
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A time as both providers write it.
pub(crate) fn ago(time: Duration) -> String {
    let at = OffsetDateTime::now_utc() - time;
    let at = at.replace_nanosecond(0).unwrap();
    envelope::rfc3339(at)
}

pub(crate) fn counts(report: &Report) -> Value {
    serde_json::to_value(report.counts).unwrap()
}
