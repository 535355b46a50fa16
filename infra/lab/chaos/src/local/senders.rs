use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use harness::SecretScanner;
use reqwest::Client;
use tokio::task::JoinSet;

use crate::acknowledgements::{Acknowledgements, Response};
use crate::events::{Event, Kinds};

/// The number of events that are sent at the same time.
const CONCURRENCY: usize = 16;
/// An event is sent until it is acknowledged, as the providers do. One that takes longer than this fails.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(10);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Providers that send events concurrently, each until it is acknowledged with 200.
pub(crate) struct Senders {
    client: Client,
    kinds: Kinds,
    address: Mutex<String>,
    is_stopped: AtomicBool,
    number: AtomicU64,
    acknowledgements: Mutex<Acknowledgements>,
}

/// Senders that run.
pub(crate) type Sending = JoinSet<Result<()>>;

impl Senders {
    pub(crate) fn new(scanner: SecretScanner) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            client: Client::builder().no_proxy().timeout(RESPONSE_TIMEOUT).build()?,
            kinds: Kinds::read()?,
            address: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            number: AtomicU64::default(),
            acknowledgements: Mutex::new(Acknowledgements::new(scanner)),
        }))
    }

    /// Sets the address of the webhook endpoint.
    pub(crate) fn set_address(&self, address: &str) {
        address.clone_into(&mut lock(&self.address));
    }

    pub(crate) fn acknowledgements(&self) -> MutexGuard<'_, Acknowledgements> {
        lock(&self.acknowledgements)
    }

    /// The number of acknowledged events.
    pub(crate) fn accepted(&self) -> u64 {
        self.acknowledgements().accepted.len() as u64
    }

    pub(crate) fn refused(&self) -> u64 {
        self.acknowledgements().refused
    }

    /// Sends events until [`stop`](Self::stop).
    pub(crate) fn start(self: &Arc<Self>) -> Sending {
        (0..CONCURRENCY).map(|_| Arc::clone(self).run()).collect()
    }

    /// Stops sending new events. Those that were begun are sent until they are acknowledged.
    pub(crate) async fn stop(&self, mut sending: Sending) -> Result<()> {
        self.is_stopped.store(true, Ordering::Relaxed);
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        Ok(())
    }

    /// Sends an event that was not sent yet, and returns how long it took until it was acknowledged.
    pub(crate) async fn send_next(self: Arc<Self>) -> Result<Duration> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (event, began) = (self.kinds.event(number)?, Instant::now());
        self.send(&event).await?;
        Ok(began.elapsed())
    }

    async fn run(self: Arc<Self>) -> Result<()> {
        while !self.is_stopped.load(Ordering::Relaxed) {
            Arc::clone(&self).send_next().await?;
        }
        Ok(())
    }

    /// # Errors
    /// The event was not acknowledged within two minutes, or a response is neither 200 nor 503.
    pub(crate) async fn send(&self, event: &Event) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            // An error means that the process was killed or does not listen yet, so the event is sent again.
            if let Ok(response) = self.post(event).await
                && self.acknowledgements().take(event, &response)?
            {
                return Ok(());
            }
            ensure!(Instant::now() < until, "an event is not acknowledged within {PATIENCE:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn post(&self, event: &Event) -> Result<Response> {
        let request = event.request()?;
        let url =
            format!("http://{}{}?{}", *lock(&self.address), event.profile.route, request.query);
        let mut post = self.client.request(request.method, url).body(request.body);
        for (name, value) in request.headers {
            post = post.header(name, value);
        }
        let response = post.send().await?;
        let (status, headers) = (response.status().as_u16(), format!("{:?}", response.headers()));
        Ok(Response { status: status.into(), headers, body: response.text().await? })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
