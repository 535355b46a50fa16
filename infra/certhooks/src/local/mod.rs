//! `certhooks local`: webhook endpoints, queues and worker in one process.
//!
//! - [`webhook_endpoints`]: the intakes of all providers, by route, and the daily synthetic event
//! - [`connections`]: HTTP/1.1 connections, which are limited in number and time
//! - [`refusals`]: the requests that were refused, as the page shows them
//! - [`server`], [`body`]: the answer to a request: source address, what is checked before the body, and the
//!   memory for bodies
//! - [`admin`], [`metrics`], [`systemd`]: liveness, readiness and metrics on an address of their own; what
//!   systemd is notified of
//! - [`worker`]: receives messages from the embedded queue and hands them to processing
//! - [`reconciliation`]: fetches at an interval what did not arrive
//! - [`providers`]: API keys and API settings of the real providers, or the simulator
//! - [`samples`]: sends the sample events once, and prints commands that send more

mod admin;
mod body;
mod connections;
mod metrics;
mod providers;
mod reconciliation;
mod refusals;
mod samples;
mod server;
mod systemd;
mod webhook_endpoints;
mod worker;

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use boot::{Environment, Format, SettingError};
use embedded::{LocalSecrets, Options, Reader, Retention, Running, State};
use hyper::service::service_fn;
use hyper_util::service::TowerToHyperService;
use processing::correlation::settle_due;
use reqwest::Url;
use time::OffsetDateTime;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::{Local, parse_retention};
use crate::credentials;
use crate::error::CommandResult;
use crate::installation::LocalInstallation;
use crate::local::admin::Health;
use crate::local::metrics::Metrics;
pub(crate) use crate::local::providers::Providers;
use crate::local::reconciliation::ScheduledReconciliation;
pub(crate) use crate::local::refusals::Refusals;
use crate::local::samples::Samples;
pub(crate) use crate::local::samples::event_files;
use crate::local::server::Server;
use crate::local::webhook_endpoints::WebhookEndpoints;
use crate::output::say;
use crate::page::{self, Page};
use crate::stop_signal::StopSignal;

/// How long open requests may take to end after a signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Monitoring needs a few connections; more come from strangers.
const MAX_ADMIN_CONNECTIONS: usize = 32;

/// The most connections that wait to be taken, as far as the system permits. One more would be tried again by its
/// sender's system after a second.
const BACKLOG: u32 = 16 * 1024;

/// Interval between two looks at the certificates of the logs.
const SETTLE_INTERVAL: Duration = Duration::from_secs(10);

/// Interval between two removals of outdated webhook secrets.
const OUTDATED_INTERVAL: Duration = Duration::from_secs(60 * 60);

pub(crate) async fn run(arguments: Local) -> CommandResult<()> {
    // With samples the deliveries are the output; the log holds only warnings and errors.
    let format = if arguments.json { Format::Json } else { Format::detect() };
    let environment = Environment::of_process();
    let simulated = arguments.simulate || arguments.samples.is_some();
    boot::log(&environment, format, if arguments.samples.is_some() { "warn" } else { "info" })?;
    boot::report_panics();
    // Before the state folder is opened: a start that is refused leaves no mark in it.
    let providers = match simulated {
        true => Providers::simulated(&arguments.state, &environment).await?,
        false => Providers::real(&arguments.state, &environment).await?,
    };
    Ok(serve(arguments, &environment, providers).await?)
}

async fn serve(
    arguments: Local,
    environment: &Environment,
    providers: Providers,
) -> anyhow::Result<()> {
    let simulated = providers.simulator.is_some();
    let retention = retention(&arguments, environment)?;
    let new_secrets = arguments.new_secrets;
    let options = Options { simulated, retention, new_secrets, ..Options::default() };
    let metrics = Metrics::start()?;
    let state = State::open(&arguments.state, options)?;
    let secrets = state.secrets(credentials::variable(environment));
    let mut settings = intake::Settings::from_environment(environment)?;
    settings.simulated = simulated;
    let overlap = settings.secret_overlap;
    let endpoints = WebhookEndpoints::open(environment, &state, &secrets, settings).await?;
    let worker = worker::build(&state, &providers)?;
    let reconciliation =
        ScheduledReconciliation::new(environment, &state, &providers, arguments.reconcile_every)?;
    reconciliation.warn_of_short_grace(providers.settings.ct_grace);
    let (listener, address) = listen("--listen", arguments.listen)?;
    let (admin_listener, admin) = listen("--admin", arguments.admin)?;
    // Before the process says that it listens: whoever reads that may stop it at once.
    let stop_signal = StopSignal::listen_for_first()?;

    let (stop, stopped) = watch::channel(false);
    let endpoints = Arc::new(endpoints);
    let refusals = Arc::new(Refusals::since(OffsetDateTime::now_utc()));
    let server = Arc::new(Server::new(
        Arc::clone(&endpoints),
        arguments.trusted_proxy.clone(),
        Arc::clone(&refusals),
    ));
    let connections = connections::connection_limit();
    let reader = Reader::open(&arguments.state)?;
    let health = Arc::new(Health::new(state.events(), reader, Arc::clone(&worker), metrics));
    let admin_router = admin_router(&arguments, environment, &health, refusals, [address, admin])?;
    let admin_router = TowerToHyperService::new(admin_router);
    tokio::spawn(connections::serve(
        admin_listener,
        MAX_ADMIN_CONNECTIONS.min(connections),
        move |_, _| admin_router.clone(),
        stopped.clone(),
    ));
    tokio::spawn(endpoints.send_canaries(stopped.clone()));
    tokio::spawn(settle(state.clone(), simulated, stopped.clone()));
    tokio::spawn(drop_outdated(secrets.clone(), overlap, stopped.clone()));
    let tasks = Tasks {
        worker: tokio::spawn(worker::run(worker, state.events(), stopped.clone())),
        reconciliation: tokio::spawn(reconciliation.run(stopped.clone())),
        server: tokio::spawn(connections::serve(
            listener,
            connections,
            move |peer, place| {
                let server = Arc::clone(&server);
                service_fn(move |request| {
                    Arc::clone(&server).answer(peer, Arc::clone(&place), request)
                })
            },
            stopped.clone(),
        )),
        stop,
    };
    if !simulated {
        providers.warn_of_missing_keys();
    }
    let folder = arguments.state.display();
    let running = Running { pid: std::process::id(), webhooks: address, admin };
    running.write(&arguments.state)?;
    let (waiting, delayed, dead_letters) = backlog(&state).await;
    tracing::info!(
        %address, %admin, connections, state = %folder, simulated, waiting, delayed, dead_letters,
        "listening"
    );
    tokio::spawn(systemd::run(health, stopped));

    let samples = arguments.samples.as_deref().map(|folder| Samples {
        folder,
        address,
        state: &arguments.state,
        providers: &providers,
        secrets: &secrets,
        reader: state.reader(),
    });
    let outcome = until_stopped(stop_signal, samples.map(Samples::run)).await;
    tasks.end(&state).await?;
    Running::remove(&arguments.state)?;
    outcome
}

/// What the admin address serves: for everybody what a monitor asks for, and the page on this machine only, unless
/// it is asked for.
fn admin_router(
    arguments: &Local,
    environment: &Environment,
    health: &Arc<Health>,
    refusals: Arc<Refusals>,
    [webhooks, admin]: [SocketAddr; 2],
) -> anyhow::Result<Router> {
    let router = admin::router(Arc::clone(health));
    if !admin.ip().is_loopback() && !arguments.page {
        return Ok(router);
    }
    let Local { state, samples, page_read_only, .. } = arguments;
    let samples = match samples {
        Some(folder) => {
            let secrets = credentials::local_secrets(state, environment);
            Some(page::Samples::of(
                folder,
                secrets,
                Url::parse(&format!("http://{webhooks}")).context("--listen")?,
            )?)
        }
        None => None,
    };
    let installation = Box::new(LocalInstallation::new(state, environment));
    let mut page = Page::new(installation, environment.clone(), state.clone(), *page_read_only)?;
    (page.samples, page.refusals) = (samples, Some(refusals));
    if std::io::stdout().is_terminal() {
        // Never into the log: whoever has the link may act.
        say!("Page: {}\n", page.link(&format!("http://{admin}")));
    }
    Ok(router.merge(page::router(Arc::new(page))))
}

/// # Errors
/// The address cannot be listened on. The message names the option.
fn listen(option: &str, address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = bind(address).with_context(|| {
        format!("{option} {address}: cannot listen on this address; choose another one (port 0 picks one)")
    })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How long things are kept: as the option says, else the variable.
fn retention(arguments: &Local, environment: &Environment) -> Result<Retention, SettingError> {
    let of = |option: Option<Duration>, name, default| {
        let variable = environment.optional(name).map(|text| {
            parse_retention(text)
                .map_err(|problem| SettingError::new(name, format!("`{text}`: {problem}")))
        });
        Ok::<_, SettingError>(option.or(variable.transpose()?).unwrap_or(default))
    };
    let default = Retention::default();
    Ok(Retention {
        deliveries: of(arguments.keep_deliveries, "KEEP_DELIVERIES", default.deliveries)?,
        archive: of(arguments.keep_archive, "KEEP_ARCHIVE", default.archive)?,
        dead_letters: of(arguments.keep_dead_letters, "KEEP_DEAD_LETTERS", default.dead_letters)?,
    })
}

/// Decides about certificates of the logs whose time has come, until `stopped` turns true.
async fn settle(state: State, simulated: bool, mut stopped: watch::Receiver<bool>) {
    let (events, ledger) = (state.events(), state.ledger());
    let simulated = simulated.then_some(true);
    let stop = stopped.wait_for(|stopped| *stopped);
    tokio::pin!(stop);
    while tokio::time::timeout(SETTLE_INTERVAL, &mut stop).await.is_err() {
        let now = OffsetDateTime::now_utc();
        if let Err(error) = settle_due(&events, &ledger, simulated, now).await {
            tracing::error!(%error, "certificates of the logs were not decided about");
        }
    }
}

/// Removes previous webhook secrets from the file once their time is over, until `stopped` turns true.
/// They are not accepted any more by then.
async fn drop_outdated(
    secrets: LocalSecrets,
    overlap: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        if let Err(error) = secrets.drop_outdated(overlap, OffsetDateTime::now_utc()) {
            tracing::error!(%error, "failed to remove outdated webhook secrets");
        }
        let stopped = stopped.wait_for(|stopped| *stopped);
        if tokio::time::timeout(OUTDATED_INTERVAL, stopped).await.is_ok() {
            return;
        }
    }
}

/// What is on the events queue: messages that are due or in progress, those that wait for a later attempt, and dead
/// letters. Empty where it cannot be read.
async fn backlog(state: &State) -> (Option<u64>, Option<u64>, Option<u64>) {
    let counts = state.reader().counts().await.ok();
    (
        counts.map(|counts| counts.visible + counts.in_flight),
        counts.map(|counts| counts.delayed),
        counts.map(|counts| counts.dead),
    )
}

/// The tasks that run until `stop` is sent.
struct Tasks {
    server: JoinHandle<()>,
    worker: JoinHandle<()>,
    reconciliation: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Tasks {
    /// Stops the server first, so that no event arrives any more, then waits for the work in progress.
    async fn end(self, state: &State) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, self.server).await {
            Ok(served) => served?,
            Err(_) => {
                let timeout_seconds = SHUTDOWN_TIMEOUT.as_secs();
                tracing::warn!(timeout_seconds, "a request is still open; stopping without it");
            }
        }
        self.worker.await?;
        self.reconciliation.await?;
        let (waiting, delayed, dead_letters) = backlog(state).await;
        tracing::info!(waiting, delayed, dead_letters, "stopped");
        Ok(())
    }
}

/// Waits for the signal to stop, and meanwhile sends and shows the samples, if there are any.
async fn until_stopped(
    mut stop_signal: StopSignal,
    samples: Option<impl Future<Output = anyhow::Result<()>>>,
) -> anyhow::Result<()> {
    if let Some(samples) = samples {
        tokio::select! {
            outcome = samples => outcome?,
            () = stop_signal.received() => return Ok(()),
        }
    }
    stop_signal.received().await;
    Ok(())
}
