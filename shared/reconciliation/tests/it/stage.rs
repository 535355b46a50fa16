use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use boot::Environment;
use embedded::{LocalEvents, LocalLedger, Options, State};
use envelope::{Envelope, Provider};
use ports::{EventsQueue, PortResult, SecretSource, SecretVersions};
use processing::Endpoint;
use providers::api::{Key, Request};
use providers::digicert::admin::{self, Parameters};
use providers::digicert::{KNOWN_EVENTS, api};
use reconciliation::{Job, Ports, Reconciler, Report, RunError, Settings};
use serde_json::{Map, Value, json};
use simulator::{DigicertEvent, DigicertSent, Simulator};

use crate::listener::Listener;

pub(crate) const JOB: Job =
    Job { window_minutes: Some(60), is_dry_run: false, is_scheduled: false, deadline: None };

/// An account with an active webhook, a listener for it, and a state folder.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) listener: Listener,
    pub(crate) state: State,
    pub(crate) settings: Settings,
    id: u64,
    folder: PathBuf,
}

#[derive(Clone)]
pub(crate) struct ApiKey;

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some("any-key".into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::with(simulator::Settings::default()).await
    }

    pub(crate) async fn with(settings: simulator::Settings) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("certhooks-reconciliation-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
        let base = simulator.digicert_base();
        let environment: Environment =
            [("DIGICERT_API_BASE", base.as_str()), ("DIGICERT_API_BUDGET", "none")]
                .into_iter()
                .collect();
        let settings =
            Settings::from_environment(&environment, Provider::DIGICERT).unwrap().unwrap();
        let state = State::open(&folder, Options::default()).unwrap();
        let listener = Listener::start().await;
        let mut stage = Self { simulator, listener, state, settings, id: 0, folder };
        stage.subscribe().await;
        stage
    }

    async fn subscribe(&mut self) {
        let events = KNOWN_EVENTS.iter().map(|event| (*event).to_owned()).collect();
        let endpoint = self.listener.url.clone();
        let parameters = Parameters { events: Some(events), ..Parameters::of(endpoint) };
        let (api, key) = (self.endpoint(), key());
        let created = api.ask(&admin::create(&parameters), &key, admin::classify_created).await;
        self.id = created.unwrap();
        self.act(&admin::send_challenge(self.id)).await;
        self.act(&admin::check_challenge(self.id, &self.listener.token().into())).await;
        self.act(&admin::activate(self.id)).await;
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::beside_workers(&self.settings.api, Duration::from_secs(10)).unwrap()
    }

    async fn act(&self, request: &Request) {
        self.endpoint().ask(request, &key(), admin::classify_done).await.unwrap();
    }

    pub(crate) async fn deactivate(&self) {
        self.act(&admin::deactivate(self.id)).await;
    }

    /// Deletes the webhook. The simulator keeps its log.
    pub(crate) async fn delete(&self) {
        self.act(&admin::delete(self.id)).await;
    }

    pub(crate) async fn challenge(&self) {
        self.act(&admin::send_challenge(self.id)).await;
    }

    /// Sends an event while the listener answers with `code`.
    pub(crate) async fn send(&self, code: u16, event: DigicertEvent) -> DigicertSent {
        self.listener.answer(code);
        self.simulator.send_digicert_event(event).await.unwrap()
    }

    pub(crate) fn reconciler(&self) -> Reconciler<LocalEvents, LocalLedger, ApiKey> {
        self.reconciler_to(self.state.events())
    }

    pub(crate) fn reconciler_to<Q: EventsQueue>(
        &self,
        events: Q,
    ) -> Reconciler<Q, LocalLedger, ApiKey> {
        let ports = Ports { events, ledger: self.state.ledger(), key: ApiKey };
        Reconciler::new(&self.settings, ports).unwrap()
    }

    pub(crate) async fn run(&self) -> Result<Report, RunError> {
        self.reconciler().run(&JOB).await
    }

    /// `[seen, known, recovered, waiting, still missing]` of a run.
    pub(crate) async fn counts(&self) -> [usize; 5] {
        counts(&self.run().await.unwrap())
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

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn counts(report: &Report) -> [usize; 5] {
    let counts = report.counts;
    [counts.seen, counts.known, counts.recovered, counts.waiting, counts.still_missing]
}

fn key() -> Key {
    api::key(&r#"{"api_key":"any-key"}"#.into()).unwrap()
}

pub(crate) fn of_order(event: &str, order: u64) -> DigicertEvent {
    DigicertEvent::new(event)
        .with_data(data(json!({"order_id": order, "certificate_id": order + 1})))
}

pub(crate) fn data(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
