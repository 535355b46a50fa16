use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use boot::Environment;
use bytes::Bytes;
use embedded::{LocalEvents, LocalSecret, LocalSecrets, State};
use http::Response;
use intake::{Admission, BodyFault, Intake, Secrets, Settings};
use providers::profile::{self, ReceiverVisitor, visit_receivers};
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::credentials;
use crate::installation::{BoxFuture, PortFuture};

/// The delay of the first synthetic event. Messages that a restart finds on the queue go first.
const FIRST_CANARY: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The webhook endpoint of one provider, whichever it is: the methods of [`Intake`].
pub(crate) trait Endpoint: Send + Sync {
    fn route(&self) -> &'static str;
    /// Reads the webhook secret; fails where it or a setting cannot be used.
    fn warm(&self) -> PortFuture<'_, ()>;
    fn check_head<'a>(
        &'a self,
        head: &'a WebhookRequest,
        length: Option<usize>,
    ) -> BoxFuture<'a, Result<Admission, Response<Bytes>>>;
    fn refuse_body(&self, fault: BodyFault, source_ip: Option<IpAddr>) -> Response<Bytes>;
    fn handle(&self, request: WebhookRequest) -> BoxFuture<'_, Response<Bytes>>;
    fn send_synthetic(&self) -> PortFuture<'_, String>;
}

impl<R: WebhookReceiver> Endpoint for Intake<R, LocalEvents, LocalSecret> {
    fn route(&self) -> &'static str {
        R::ROUTE
    }

    fn warm(&self) -> PortFuture<'_, ()> {
        Box::pin(self.warm(OffsetDateTime::now_utc()))
    }

    fn check_head<'a>(
        &'a self,
        head: &'a WebhookRequest,
        length: Option<usize>,
    ) -> BoxFuture<'a, Result<Admission, Response<Bytes>>> {
        Box::pin(self.check_head(head, length))
    }

    fn refuse_body(&self, fault: BodyFault, source_ip: Option<IpAddr>) -> Response<Bytes> {
        self.refuse_body(fault, source_ip)
    }

    fn handle(&self, request: WebhookRequest) -> BoxFuture<'_, Response<Bytes>> {
        Box::pin(self.handle(request))
    }

    fn send_synthetic(&self) -> PortFuture<'_, String> {
        Box::pin(self.send_synthetic(OffsetDateTime::now_utc(), None))
    }
}

/// The webhook endpoints of all providers.
pub(crate) struct WebhookEndpoints(Vec<Box<dyn Endpoint>>);

impl WebhookEndpoints {
    /// Reads every webhook secret.
    ///
    /// # Errors
    /// A secret cannot be used; the message names where it comes from.
    pub(crate) async fn open(
        environment: &Environment,
        state: &State,
        secrets: &LocalSecrets,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let mut opener = Opener { state, secrets, settings, environment, opened: Vec::new() };
        visit_receivers(&mut opener);
        let mut endpoints = Vec::new();
        for (endpoint, origin) in opener.opened {
            endpoint.warm().await.context(origin)?;
            endpoints.push(endpoint);
        }
        Ok(Self(endpoints))
    }

    /// Sends a synthetic event soon after the start and each day, until `stopped` turns true. Queue and
    /// worker are the same for all providers, so the first endpoint sends it.
    pub(crate) async fn send_canaries(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut pause = FIRST_CANARY;
        while tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped)).await.is_err() {
            if let Err(error) = self.0[0].send_synthetic().await {
                tracing::error!(%error, "failed to send the canary");
            }
            pause = DAY;
        }
    }

    /// The endpoint of this route; `None` where no such route exists.
    pub(crate) fn on(&self, path: &str) -> Option<&dyn Endpoint> {
        // A slash at the end is taken as none.
        let path = path.strip_suffix('/').unwrap_or(path);
        self.0.iter().find(|endpoint| endpoint.route() == path).map(AsRef::as_ref)
    }
}

/// Makes the endpoint of each receiver, and says where its secret comes from.
struct Opener<'a> {
    state: &'a State,
    secrets: &'a LocalSecrets,
    settings: Settings,
    environment: &'a Environment,
    opened: Vec<(Box<dyn Endpoint>, String)>,
}

impl ReceiverVisitor for Opener<'_> {
    fn visit<R: WebhookReceiver>(&mut self) {
        let secrets = Secrets::new(self.secrets.webhook(R::PROVIDER), &self.settings);
        let intake =
            Intake::<R, _, _>::new(self.state.events(), Some(secrets), self.settings.clone());
        let member = profile::of(R::PROVIDER).webhook_secret[0];
        self.opened.push((Box::new(intake), credentials::origin(self.environment, member)));
    }
}
