use std::net::SocketAddr;
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

use crate::app_state::AppState;
use crate::cloudflare::{CloudflareEvent, CloudflareSent};
use crate::connection::{ConnectionHandle, ResettableListener};
use crate::digicert::{DigicertEvent, DigicertSent};
use crate::faults::Faults;
use crate::provider::Provider;
use crate::requests::Requests;
use crate::settings::Settings;
use crate::{cloudflare, control, digicert, meta, middleware, provider};

/// A running simulator. It stops when it is dropped.
pub struct Simulator {
    state: AppState,
    serving: JoinHandle<()>,
    /// Dropping it stops the server and resets the connections of unfinished requests.
    running: watch::Sender<()>,
}

impl Simulator {
    /// Binds `listen`, which must be a loopback address (port 0 takes any free port), and serves in the
    /// background of the current tokio runtime.
    pub async fn start(listen: SocketAddr, settings: Settings) -> Result<Self> {
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
        let state = AppState::new(address, settings, stop)?;
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

    /// The names and bases of the simulated providers.
    pub fn bases(&self) -> impl Iterator<Item = (&'static str, String)> {
        provider::ALL.iter().map(|provider| (provider.name, self.base(provider.base)))
    }

    /// `http://127.0.0.1:PORT/services/v2`
    pub fn digicert_base(&self) -> String {
        self.base(digicert::BASE)
    }

    /// `http://127.0.0.1:PORT/client/v4`
    pub fn cloudflare_base(&self) -> String {
        self.base(cloudflare::BASE)
    }

    /// `http://127.0.0.1:PORT/graph`
    pub fn meta_base(&self) -> String {
        self.base(meta::BASE)
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

    /// Advances the clock of the providers; CertCentral's tokens are valid for 30 minutes.
    pub fn advance_clock(&self, by: Duration) {
        self.state.shared.clock.advance(by);
    }

    /// Makes an event happen in the CertCentral account. It is sent to the webhook if that is active,
    /// subscribed to the event and, for instant issuance, has that setting.
    pub async fn send_digicert_event(&self, event: DigicertEvent) -> Result<DigicertSent> {
        event.send(&self.state.digicert).await
    }

    /// Makes an event happen to the certificate of a custom hostname. It is sent to every destination of
    /// the account's enabled policies for it.
    ///
    /// # Errors
    /// The event is not valid.
    pub async fn send_cloudflare_event(
        &self,
        event: CloudflareEvent,
    ) -> Result<Vec<CloudflareSent>> {
        event.send(&self.state.cloudflare).await
    }

    fn base(&self, path: &str) -> String {
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
