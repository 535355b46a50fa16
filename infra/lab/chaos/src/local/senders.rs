use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use envelope::Provider;
use providers::profile;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::documents::document;
use crate::planted_secrets::header;
use harness::SecretScanner;

/// An event is sent until it is acknowledged, as the providers do. One that takes longer than this fails.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(10);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Providers that send events concurrently, each until it is acknowledged with 200.
pub(crate) struct Senders {
    client: Client,
    scanner: SecretScanner,
    address: Mutex<String>,
    is_stopped: AtomicBool,
    number: AtomicU64,
    /// The number of refusals with 503 and `Retry-After`.
    pub(crate) refused: AtomicU64,
    /// The number of secrets found in responses.
    pub(crate) leaked: AtomicU64,
    accepted: Mutex<BTreeSet<String>>,
    /// The duration of each acknowledged request, in microseconds.
    answers: Mutex<Vec<u64>>,
}

impl Senders {
    pub(crate) fn new(address: &str, scanner: &SecretScanner) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            client: Client::builder().no_proxy().timeout(RESPONSE_TIMEOUT).build()?,
            scanner: scanner.clone(),
            address: Mutex::new(address.to_owned()),
            is_stopped: AtomicBool::new(false),
            number: AtomicU64::default(),
            refused: AtomicU64::default(),
            leaked: AtomicU64::default(),
            accepted: Mutex::default(),
            answers: Mutex::default(),
        }))
    }

    /// Sets the address of the webhook endpoint.
    pub(crate) fn set_address(&self, address: &str) {
        address.clone_into(&mut lock(&self.address));
    }

    pub(crate) fn accepted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        lock(&self.accepted)
    }

    pub(crate) fn answers(&self) -> MutexGuard<'_, Vec<u64>> {
        lock(&self.answers)
    }

    /// Sends events with this concurrency until [`stop`](Self::stop), or until `maximum` events were sent.
    pub(crate) fn start(self: &Arc<Self>, concurrency: usize, maximum: u64) -> JoinSet<Result<()>> {
        let mut tasks = JoinSet::new();
        for _ in 0..concurrency {
            tasks.spawn(Arc::clone(self).run(maximum));
        }
        tasks
    }

    /// Stops sending new events. Those that were begun are sent until they are acknowledged.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    async fn run(self: Arc<Self>, maximum: u64) -> Result<()> {
        while !self.is_stopped.load(Ordering::Relaxed) {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            if number >= maximum {
                break;
            }
            let (provider, document) = document(number);
            self.send(provider, &document).await?;
        }
        Ok(())
    }

    /// Sends an event and returns the ids in the acknowledgement.
    ///
    /// # Errors
    /// The event was not acknowledged within two minutes, or a response is neither 200 nor 503.
    pub(crate) async fn send(&self, provider: Provider, document: &Value) -> Result<Vec<String>> {
        let until = Instant::now() + PATIENCE;
        let body = document.to_string();
        loop {
            let began = Instant::now();
            // An error means that the process was killed or does not listen yet, so the event is sent again.
            if let Ok((status, has_retry_after, answer)) = self.post(provider, body.clone()).await {
                self.leaked.fetch_add(self.scanner.count(&answer), Ordering::Relaxed);
                if status == 200 {
                    return self.accept(&answer, began.elapsed());
                }
                ensure!(
                    status == 503 && has_retry_after,
                    "{status}, Retry-After {has_retry_after}: {answer}"
                );
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            ensure!(Instant::now() < until, "not acknowledged within {PATIENCE:?}: {document}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn accept(&self, answer: &str, time: Duration) -> Result<Vec<String>> {
        let answer: Value = serde_json::from_str(answer)?;
        let ids = answer["ids"].as_array().context("the 200 has no ids")?;
        let ids: Vec<_> = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        lock(&self.accepted).extend(ids.iter().cloned());
        lock(&self.answers).push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        Ok(ids)
    }

    /// Returns the status, whether there is a `Retry-After`, and the body.
    async fn post(&self, provider: Provider, body: String) -> reqwest::Result<(u16, bool, String)> {
        let route = profile::of(provider).route;
        let address = lock(&self.address).clone();
        let (name, value) = header(provider, body.as_bytes());
        let request = self.client.post(format!("http://{address}{route}"));
        let response = request.header(name, value).body(body).send().await?;
        let (status, has_retry_after) =
            (response.status().as_u16(), response.headers().contains_key("retry-after"));
        Ok((status, has_retry_after, response.text().await?))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
