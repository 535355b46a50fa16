use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse, Response};
use boot::Environment;
use certificate::TrustAnchors;
use embedded::{
    Delivered, LocalArchive, LocalDeliveries, LocalEvents, LocalLedger, LocalSecret, Options,
    Reader, Received, State,
};
use envelope::Provider;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use intake::{Intake, Secrets};
use ports::{Clock, PortResult, SecretSource, SecretVersions};
use processing::correlation::{Announcement, announce, settle_due};
use processing::{Disposition, Endpoint, QueueMessage, Worker};
use providers::api::{Key, Request as ApiRequest};
use providers::certspotter::CertspotterReceiver;
use providers::digicert::admin::{self, Parameters, SecretChange};
use providers::digicert::{DigicertReceiver, KNOWN_EVENTS};
use providers::profile;
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use providers::sent_secret::SentSecret;
use reconciliation::{Job, Reconciler};
use serde_json::{Value, json};
use simulator::{DigicertEvent, DigicertSent, Outcome, Simulator, certificate_id};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::clock::SimulatedClock;
use crate::plan::{DOMAINS, domain};

/// The number of messages that are processed at a time, as in `certhooks local`.
const CONCURRENCY: usize = 64;
/// A body of one of the simulator's webhooks is smaller.
const BODY_LIMIT: usize = 512 * 1024;

type LocalWorker = Worker<LocalEvents, LocalDeliveries, LocalLedger, LocalArchive, AnyKey>;
type LocalIntake<R> = Intake<R, LocalEvents, LocalSecret>;

/// Certhooks on one machine and its simulated providers, all by the one clock. Nothing happens but what the run asks for.
pub(crate) struct Testbed {
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) simulator: Simulator,
    reader: Reader,
    state: State,
    worker: Arc<LocalWorker>,
    reconcilers: Vec<Arc<Reconciler<LocalEvents, LocalLedger, AnyKey>>>,
    certspotter: LocalIntake<CertspotterReceiver>,
    /// Headers by which Cert Spotter is known.
    certspotter_headers: HeaderMap,
    /// Whether the webhook endpoint of CertCentral answers 503, which loses a webhook.
    is_down: Arc<AtomicBool>,
    /// Messages and reconciliations in progress.
    tasks: JoinSet<Result<()>>,
}

/// The API key, which the simulator accepts whatever it is.
#[derive(Clone)]
struct AnyKey;

impl SecretSource for AnyKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some("any-key".into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

impl Testbed {
    /// # Errors
    /// Something does not start.
    pub(crate) async fn start(
        folder: &Path,
        start: OffsetDateTime,
        grace: Duration,
    ) -> Result<Self> {
        let clock = Arc::new(SimulatedClock::new(start));
        let settings = simulator::Settings {
            // So that a run reads only as far back as it looks.
            digicert_log_newest_first: true,
            digicert_log_page: 200,
            ..simulator::Settings::default()
        };
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let simulator = Simulator::start_with_clock(listen, settings, clock.clone()).await?;
        let environment = environment(&simulator);
        let options = Options { clock: clock.clone(), ..Options::default() };
        let state = State::open(folder, options)?;
        let mut settings = processing::Settings::from_environment(&environment)?;
        settings.ct_grace = grace;
        settings.trust_anchors = TrustAnchors::from_pem(simulator.roots().as_bytes())?.into();
        let ports = processing::Ports {
            events: state.events(),
            deliveries: state.deliveries(),
            ledger: state.ledger(),
            archive: state.archive(),
        };
        let watched = [Provider::DIGICERT, Provider::CERTSPOTTER];
        let keys = watched.map(|provider| (provider, AnyKey)).into();
        let worker = Arc::new(Worker::with_clock(&settings, ports, keys, clock.clone())?);
        let reconcilers = watched.map(|provider| {
            let settings = reconciliation::Settings::from_environment(&environment, provider)?;
            let settings = settings.context("a provider without records")?;
            let ports = reconciliation::Ports {
                events: state.events(),
                ledger: state.ledger(),
                key: AnyKey,
            };
            Ok(Arc::new(Reconciler::new(&settings, ports)?.with_clock(clock.clone())))
        });
        let secret = stored_secret(&state, Provider::CERTSPOTTER).await?;
        let request = profile::of(Provider::CERTSPOTTER).samples.request;
        let certspotter_headers = headers(request(&secret, Vec::new(), clock.now())?.headers)?;
        let mut testbed = Self {
            reader: state.reader(),
            certspotter: intake(&state)?,
            worker,
            reconcilers: reconcilers.into_iter().collect::<Result<_>>()?,
            certspotter_headers,
            is_down: Arc::default(),
            tasks: JoinSet::new(),
            clock,
            simulator,
            state,
        };
        testbed.subscribe(&settings).await?;
        Ok(testbed)
    }

    /// Makes the webhook in CertCentral, as `certhooks digicert webhook create` and `verify` do.
    async fn subscribe(&mut self, settings: &processing::Settings) -> Result<()> {
        let endpoint =
            serve(&self.state, Arc::clone(&self.clock), Arc::clone(&self.is_down)).await?;
        let api = Endpoint::beside_workers(
            &settings.apis[&Provider::DIGICERT],
            settings.callback_timeout,
        )?;
        let key = Key::Header { name: "X-DC-DEVKEY", value: "any-key".into() };
        let secret = stored_secret(&self.state, Provider::DIGICERT).await?;
        let parameters = Parameters {
            events: Some(KNOWN_EVENTS.map(str::to_owned).to_vec()),
            secret: SecretChange::Set(SentSecret::of::<DigicertReceiver>(&secret)?),
            ..Parameters::of(endpoint)
        };
        let act = async |request: ApiRequest| {
            api.ask(&request, &key, admin::classify_done)
                .await
                .map_err(|error| anyhow::anyhow!("{error}"))
        };
        let created = api.ask(&admin::create(&parameters), &key, admin::classify_created).await;
        let id = created.map_err(|error| anyhow::anyhow!("{error}"))?;
        act(admin::send_challenge(id)).await?;
        self.drain().await?;
        let challenges = self.reader.challenges().await?;
        let challenge = challenges.first().context("no challenge arrived")?;
        act(admin::check_challenge(id, &challenge.token)).await?;
        act(admin::activate(id)).await
    }

    /// Has an event happen in CertCentral. Its webhook is answered with 503 if it `is_lost`.
    pub(crate) async fn tell(&self, event: &str, order: u64, is_lost: bool) -> Result<()> {
        self.is_down.store(is_lost, Ordering::Relaxed);
        let data = json!({"order_id": order, "certificate_id": certificate_id(order)});
        let data = data.as_object().cloned().unwrap_or_default();
        let event = DigicertEvent::new(event).with_data(data);
        let DigicertSent { outcome, .. } = self.simulator.send_digicert_event(event).await?;
        let code = if is_lost { 503 } else { 200 };
        ensure!(
            outcome == Outcome::Answered { code },
            "the webhook was not answered with {code}: {outcome:?}"
        );
        Ok(())
    }

    /// Sends Cert Spotter's webhook about an issuance.
    pub(crate) async fn show(&self, issuance: &Value) -> Result<()> {
        let names = issuance["dns_names"].as_array().into_iter().flatten();
        let endpoints: Vec<_> = names.map(|name| json!({"dns_name": name})).collect();
        let body = json!({"id": issuance["id"], "endpoints": endpoints, "issuance": issuance});
        let request = WebhookRequest::post(
            self.certspotter_headers.clone(),
            body.to_string(),
            self.clock.now(),
        );
        let status = self.certspotter.handle(request).await.status();
        ensure!(status == StatusCode::OK, "Cert Spotter's webhook was answered with {status}");
        Ok(())
    }

    /// The operator expects these certificates.
    pub(crate) async fn expect(&self, announcement: &Announcement) -> Result<()> {
        announce(&self.state.ledger(), announcement, self.clock.now()).await?;
        Ok(())
    }

    /// What is scheduled each 15 minutes: decides about certificates of the logs, and begins reconciliations.
    pub(crate) async fn run_scheduled(&mut self) -> Result<()> {
        settle_due(&self.state.events(), &self.state.ledger(), None, self.clock.now()).await?;
        for reconciler in &self.reconcilers {
            let reconciler = Arc::clone(reconciler);
            self.tasks.spawn(async move {
                let report = reconciler.run(&Job { is_scheduled: true, ..Job::default() }).await?;
                ensure!(report.left.is_none(), "{}: {:?}", report.provider, report.left);
                Ok(())
            });
        }
        Ok(())
    }

    /// Processes what is on the events queue until there is nothing to do at this time.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        let events = self.state.events();
        loop {
            // Known before the queue is asked: whatever ends later may put something there.
            let (sleeping, _) = self.clock.sleeping();
            let is_waiting = sleeping == self.tasks.len();
            let free = CONCURRENCY.saturating_sub(self.tasks.len());
            let received = if free > 0 { events.receive(free).await? } else { Vec::new() };
            if received.is_empty() {
                if is_waiting {
                    return Ok(());
                }
                tokio::select! {
                    Some(ended) = self.tasks.join_next() => ended??,
                    () = self.clock.somebody_fell_asleep() => {}
                }
            }
            for message in received {
                self.tasks.spawn(process(Arc::clone(&self.worker), events.clone(), message));
            }
            while let Some(ended) = self.tasks.try_join_next() {
                ended??;
            }
        }
    }

    /// When something is to do again: a message becomes visible, or somebody wakes.
    pub(crate) async fn next(&self) -> Result<Option<OffsetDateTime>> {
        let (_, wakes) = self.clock.sleeping();
        let visible = self.state.events().next_visible_at().await?;
        // While all permits are taken, messages wait that are visible.
        let visible = visible.filter(|visible| *visible > self.clock.now());
        Ok([wakes, visible].into_iter().flatten().min())
    }

    /// What was delivered after a sequence.
    pub(crate) async fn delivered_after(&self, sequence: i64) -> Result<Vec<Delivered>> {
        Ok(self.reader.read_after(sequence, 1000).await?)
    }
}

/// As the worker of `certhooks local` does.
async fn process(worker: Arc<LocalWorker>, events: LocalEvents, message: Received) -> Result<()> {
    let Received { receipt, body, .. } = message;
    let record = QueueMessage { id: None, receipt: receipt.to_string(), body, deadline: None };
    let disposition = worker.process(&record).await;
    ensure!(
        disposition != Disposition::Unacknowledged,
        "a message was not processed: {}",
        record.body
    );
    events.acknowledge(receipt).await?;
    Ok(())
}

fn environment(simulator: &Simulator) -> Environment {
    let domains: Vec<_> = (0..DOMAINS).map(domain).collect();
    let variables = [
        ("DIGICERT_API_BASE", simulator.digicert_base()),
        ("CERTSPOTTER_API_BASE", simulator.certspotter_base()),
        ("CERTSPOTTER_DOMAINS", domains.join(",")),
        // That of a subscription.
        ("CERTSPOTTER_API_BUDGET", "5000/1h".to_owned()),
        ("RECONCILE_WINDOW_MINUTES", "120".to_owned()),
    ];
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn stored_secret(state: &State, provider: Provider) -> Result<secrecy::SecretString> {
    let versions = state.secrets(|_| None).webhook(provider).current().await?;
    versions.current.context("no webhook secret")
}

fn intake<R: WebhookReceiver>(state: &State) -> Result<LocalIntake<R>> {
    let settings =
        intake::Settings::from_environment(&std::iter::empty::<(&str, &str)>().collect())?;
    let secrets = Secrets::new(state.secrets(|_| None).webhook(R::PROVIDER), &settings);
    Ok(Intake::new(state.events(), Some(secrets), settings))
}

fn headers(list: Vec<(&'static str, String)>) -> Result<HeaderMap> {
    let pair = |(name, value): (&str, String)| -> Result<(HeaderName, HeaderValue)> {
        Ok((name.parse()?, HeaderValue::from_str(&value)?))
    };
    list.into_iter().map(pair).collect()
}

struct Server {
    intake: LocalIntake<DigicertReceiver>,
    clock: Arc<SimulatedClock>,
    is_down: Arc<AtomicBool>,
}

/// Serves the webhook endpoint of CertCentral, and returns its URL.
async fn serve(
    state: &State,
    clock: Arc<SimulatedClock>,
    is_down: Arc<AtomicBool>,
) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}{}", listener.local_addr()?, DigicertReceiver::ROUTE);
    let server = Arc::new(Server { intake: intake(state)?, clock, is_down });
    let router = Router::new().fallback(receive).with_state(server);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn receive(Shared(server): Shared<Arc<Server>>, request: Request) -> Response {
    if server.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let request = WebhookRequest {
        method: head.method,
        ..WebhookRequest::post(head.headers, body, server.clock.now())
    };
    server.intake.handle(request).await.map(Body::from)
}
