use std::collections::BTreeMap;
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

use crate::cloudflare::{CloudflareEvent, CloudflareSent};
use crate::connection::{Door, Line};
use crate::digicert::{DigicertEvent, DigicertSent};
use crate::faults::Faults;
use crate::provider::Provider;
use crate::requests::Requests;
use crate::settings::Settings;
use crate::world::World;
use crate::{cloudflare, control, digicert, gate, meta};

/// A running simulator. It stops when it is dropped.
pub struct Simulator {
    world: Arc<World>,
    serving: JoinHandle<()>,
    /// Dropping it stops the server and whatever answer is under way.
    running: watch::Sender<()>,
}

impl Simulator {
    /// Binds `listen`, which must be a loopback address (port 0: any free port), and serves in
    /// the background of the current tokio runtime.
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
        let world = World::new(address, settings, stop)?;
        let serving = tokio::spawn(serve(Door(listener), world.clone()));
        Ok(Self { world, serving, running })
    }

    /// Stops taking connections, drops the answers under way, and returns when that is done.
    pub async fn stop(self) {
        // A client that connected and never asked is not waited for.
        const GRACE: Duration = Duration::from_secs(2);
        drop(self.running);
        let serving = self.serving;
        let abort = serving.abort_handle();
        if timeout(GRACE, serving).await.is_err() {
            abort.abort();
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.world.address
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

    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    pub fn requests(&self) -> &Requests {
        &self.world.requests
    }

    /// From now on, before each provider answer.
    pub fn delay_by(&self, delay: Duration) {
        self.world.delay_by(delay);
    }

    /// Cloudflare: the hostname that a custom hostname id stands for. An error names what is no
    /// DNS name.
    pub fn name_hostname(&self, id: &str, hostname: &str) -> Result<()> {
        self.world.name_hostnames(&BTreeMap::from([(id.to_owned(), hostname.to_owned())]))
    }

    /// Puts the providers' clock forward: CertCentral's tokens live for 30 minutes.
    pub fn advance_clock(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// Lets something happen in the CertCentral account. Its webhook is told of it if it is
    /// active, subscribed to the event and, for instant issuance, set to hear of that.
    pub async fn send_digicert_event(&self, event: DigicertEvent) -> Result<DigicertSent> {
        event.happen(&self.world).await
    }

    /// Lets something happen to the certificate of a custom hostname. Every destination of the
    /// account's enabled policies for it is told. An error says what is wrong with the event.
    pub async fn send_cloudflare_event(
        &self,
        event: CloudflareEvent,
    ) -> Result<Vec<CloudflareSent>> {
        event.happen(&self.world).await
    }

    fn base(&self, path: &str) -> String {
        format!("http://{}{path}", self.world.address)
    }
}

async fn serve(door: Door, world: Arc<World>) {
    let stop = world.clone();
    let router = Router::new()
        .merge(digicert::routes())
        .merge(cloudflare::routes())
        .merge(meta::routes())
        .merge(control::routes())
        .fallback(unknown)
        .layer(from_fn_with_state(world.clone(), gate::pass))
        .with_state(world);
    let service = router.into_make_service_with_connect_info::<Line>();
    // `serve` retries what fails in accepting and returns no other error.
    let _ = axum::serve(door, service)
        .with_graceful_shutdown(async move { stop.stopped().await })
        .await;
}

async fn unknown(uri: Uri) -> Response {
    match Provider::of(uri.path()) {
        Some(provider) => provider.unknown_route(uri.path()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
