use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connection::{ConnectionHandle, ResettableListener};
use crate::faults::Faults;
use crate::provider::{AppState, Provider, Settings};
use crate::requests::Requests;
use crate::{control, middleware, provider};

/// A running simulator. It stops when it is dropped.
pub struct Simulator {
    pub(crate) state: AppState,
    serving: JoinHandle<()>,
    /// Dropping it stops the server and resets the connections of unfinished requests.
    running: watch::Sender<()>,
}

impl Simulator {
    /// Binds `listen`, which must be a loopback address (port 0 takes any free port), and serves in the
    /// background of the current tokio runtime.
    pub async fn start(listen: SocketAddr, settings: Settings) -> Result<Self> {
        Self::start_with_clock(listen, settings, Arc::new(ports::SystemClock)).await
    }

    /// A simulator that takes its time from `clock`.
    pub async fn start_with_clock(
        listen: SocketAddr,
        settings: Settings,
        clock: Arc<dyn ports::Clock>,
    ) -> Result<Self> {
        if !listen.ip().to_canonical().is_loopback() {
            bail!(
                "the simulator listens on loopback addresses only, such as 127.0.0.1:0, not {listen}"
            );
        }
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the simulator cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the address of the simulator")?;
        let (running, stop) = watch::channel(());
        let state = AppState::new(address, settings, clock, stop)?;
        let serving = tokio::spawn(serve(ResettableListener(listener), state.clone()));
        Ok(Self { state, serving, running })
    }

    /// Stops accepting connections, resets those of unfinished requests, and returns when that is done.
    pub async fn stop(self) {
        // A client that has connected and sends nothing must not delay the stop.
        const GRACE: Duration = Duration::from_secs(2);
        drop(self.running);
        let serving = self.serving;
        let abort = serving.abort_handle();
        if timeout(GRACE, serving).await.is_err() {
            abort.abort();
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.state.shared.address
    }

    /// The base of a provider's API, by the provider's name. It answers every call with 404 for a provider
    /// that is not simulated.
    pub fn base_of(&self, provider: &str) -> String {
        let simulated = provider::ALL.iter().find(|simulated| simulated.name == provider);
        simulated.map_or_else(|| self.base(&format!("/{provider}")), |it| self.base(it.base))
    }

    /// The paths of the bases of the simulated providers, for [`Rule`](crate::Rule)s.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        provider::ALL.iter().map(|provider| provider.base)
    }

    /// The names and bases of the simulated providers.
    pub fn bases(&self) -> impl Iterator<Item = (&'static str, String)> {
        provider::ALL.iter().map(|provider| (provider.name, self.base(provider.base)))
    }

    /// The roots of all chains but the wrong ones, as PEM: what a worker is to trust.
    pub fn roots(&self) -> String {
        self.state.shared.authority.roots()
    }

    pub fn faults(&self) -> &Faults {
        &self.state.shared.faults
    }

    pub fn requests(&self) -> &Requests {
        &self.state.shared.requests
    }

    /// Sets the delay before each provider's response.
    pub fn delay_by(&self, delay: Duration) {
        self.state.shared.delay_by(delay);
    }

    /// Advances the clock of the providers; for tests of what expires.
    pub fn advance_clock(&self, by: Duration) {
        self.state.shared.clock.advance(by);
    }

    pub(crate) fn base(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }
}

async fn serve(listener: ResettableListener, state: AppState) {
    let shared = state.shared.clone();
    let providers = provider::ALL.iter().map(|provider| (provider.routes)(&state));
    let router = providers
        .fold(Router::new(), Router::merge)
        .merge(control::routes(state.clone()))
        .fallback(unknown)
        .layer(from_fn_with_state(state, middleware::handle));
    let service = router.into_make_service_with_connect_info::<ConnectionHandle>();
    // `serve` retries failed accepts and returns no other error.
    let _ = axum::serve(listener, service)
        .with_graceful_shutdown(async move { shared.stopped().await })
        .await;
}

async fn unknown(uri: Uri) -> Response {
    match Provider::of(uri.path()) {
        Some(provider) => (provider.unknown_route)(uri.path()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
