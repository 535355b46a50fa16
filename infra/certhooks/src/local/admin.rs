use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use embedded::{LocalEvents, Reader};
use metrics::{describe_counter, describe_gauge, gauge};
use ports::{PortError, PortResult};
use time::OffsetDateTime;

use crate::local::metrics::Metrics;
use crate::local::worker::LocalWorker;

/// How long the queue may take to write. A webhook endpoint waits a little longer, and then answers 503.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// What an operator's tools ask of the running process.
pub(crate) struct Health {
    events: LocalEvents,
    /// A connection of its own: what it reads delays no webhook request.
    reader: Reader,
    worker: Arc<LocalWorker>,
    metrics: Metrics,
}

/// Liveness, readiness and metrics: nothing that a stranger must not see. Off loopback nothing else is served.
pub(crate) fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    match health.check_write().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => unavailable(&error),
    }
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    match health.metrics_text().await {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &PortError) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response()
}

impl Health {
    pub(crate) fn new(
        events: LocalEvents,
        reader: Reader,
        worker: Arc<LocalWorker>,
        metrics: Metrics,
    ) -> Self {
        describe_gauge!("Waiting", "Messages on the events queue that are due");
        describe_gauge!("InFlight", "Messages that are being processed");
        describe_gauge!("Delayed", "Messages that wait for a later attempt");
        describe_gauge!("DeadLetters", "Messages that were received too often");
        describe_gauge!(
            "OldestAge",
            "Milliseconds since the oldest event on the queue was received"
        );
        describe_counter!("ConnectionsClosed", "Connections closed to make room for another one");
        describe_gauge!("BreakerOpen", "1 while the events of a provider wait because it is down");
        Self { events, reader, worker, metrics }
    }

    /// Whether the queue takes a write, as it must for each event.
    ///
    /// # Errors
    /// It does not, or not in time.
    async fn check_write(&self) -> PortResult<()> {
        let seconds = WRITE_TIMEOUT.as_secs();
        let timed_out = || PortError(format!("the events queue took no write for {seconds} s"));
        self.write().await.ok_or_else(timed_out)?
    }

    /// Whether the queue says anything to a write, in time.
    pub(crate) async fn answers(&self) -> bool {
        self.write().await.is_some()
    }

    async fn write(&self) -> Option<PortResult<()>> {
        tokio::time::timeout(WRITE_TIMEOUT, self.events.check_write()).await.ok()
    }

    async fn metrics_text(&self) -> PortResult<String> {
        let counts = self.reader.counts().await?;
        for (name, count) in [
            ("Waiting", counts.visible),
            ("InFlight", counts.in_flight),
            ("Delayed", counts.delayed),
            ("DeadLetters", counts.dead),
        ] {
            gauge!(name).set(count as f64);
        }
        let received = self.reader.oldest().await?.received;
        let age = received.map_or(0.0, |at| (OffsetDateTime::now_utc() - at).as_seconds_f64());
        gauge!("OldestAge").set((age * 1000.0).round().max(0.0));
        for (provider, is_open) in self.worker.breakers() {
            gauge!("BreakerOpen", "provider" => provider.as_str()).set(f64::from(is_open));
        }
        self.metrics.text().map_err(|error| PortError(format!("the metrics: {error}")))
    }
}
