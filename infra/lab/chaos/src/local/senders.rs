use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use envelope::Provider;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::documents::document;
use crate::planted_secrets::header;
use harness::SecretScanner;

/// As the providers do, an event is sent again until it is taken; a run that takes longer is wrong.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(10);
const ANSWER: Duration = Duration::from_secs(10);

/// Providers that send events side by side, each until a 200 says that it is taken.
pub(crate) struct Senders {
    client: Client,
    scanner: SecretScanner,
    address: Mutex<String>,
    is_over: AtomicBool,
    number: AtomicU64,
    /// Refused with 503 and `Retry-After`.
    pub(crate) refused: AtomicU64,
    /// Secrets in answers.
    pub(crate) leaked: AtomicU64,
    accepted: Mutex<BTreeSet<String>>,
    /// How long each 200 took, in microseconds.
    answers: Mutex<Vec<u64>>,
}

impl Senders {
    pub(crate) fn new(address: &str, scanner: &SecretScanner) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            client: Client::builder().no_proxy().timeout(ANSWER).build()?,
            scanner: scanner.clone(),
            address: Mutex::new(address.to_owned()),
            is_over: AtomicBool::new(false),
            number: AtomicU64::default(),
            refused: AtomicU64::default(),
            leaked: AtomicU64::default(),
            accepted: Mutex::default(),
            answers: Mutex::default(),
        }))
    }

    /// Where the door is from now on.
    pub(crate) fn turn_to(&self, address: &str) {
        address.clone_into(&mut lock(&self.address));
    }

    pub(crate) fn accepted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        lock(&self.accepted)
    }

    pub(crate) fn answers(&self) -> MutexGuard<'_, Vec<u64>> {
        lock(&self.answers)
    }

    /// So many at a time, until [`end`](Self::end), or until so many events were sent.
    pub(crate) fn start(self: &Arc<Self>, side_by_side: usize, most: u64) -> JoinSet<Result<()>> {
        let mut tasks = JoinSet::new();
        for _ in 0..side_by_side {
            tasks.spawn(Arc::clone(self).run(most));
        }
        tasks
    }

    /// What is under way is sent to its end.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    async fn run(self: Arc<Self>, most: u64) -> Result<()> {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            if number >= most {
                break;
            }
            let (provider, document) = document(number);
            self.send(provider, &document).await?;
        }
        Ok(())
    }

    /// The ids that the door names.
    ///
    /// # Errors
    /// The event was not taken in two minutes, or the answer is neither 200 nor 503.
    pub(crate) async fn send(&self, provider: Provider, document: &Value) -> Result<Vec<String>> {
        let until = Instant::now() + PATIENCE;
        let body = document.to_string();
        loop {
            let began = Instant::now();
            // Killed, or not listening yet: sent again.
            if let Ok((status, waits, answer)) = self.post(provider, body.clone()).await {
                self.leaked.fetch_add(self.scanner.count(&answer), Ordering::Relaxed);
                if status == 200 {
                    return self.taken(&answer, began.elapsed());
                }
                ensure!(status == 503 && waits, "{status}, Retry-After {waits}: {answer}");
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            ensure!(Instant::now() < until, "not taken in {PATIENCE:?}: {document}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn taken(&self, answer: &str, time: Duration) -> Result<Vec<String>> {
        let answer: Value = serde_json::from_str(answer)?;
        let ids = answer["ids"].as_array().context("a 200 names no ids")?;
        let ids: Vec<_> = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        lock(&self.accepted).extend(ids.iter().cloned());
        lock(&self.answers).push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        Ok(ids)
    }

    /// Status, whether there is a `Retry-After`, and the answer with its headers.
    async fn post(&self, provider: Provider, body: String) -> reqwest::Result<(u16, bool, String)> {
        let route = match provider {
            Provider::Digicert => "digicert",
            Provider::Cloudflare => "cloudflare",
            Provider::Meta => "meta-ct",
        };
        let address = lock(&self.address).clone();
        let (name, value) = header(provider, body.as_bytes());
        let request = self.client.post(format!("http://{address}/webhooks/{route}"));
        let response = request.header(name, value).body(body).send().await?;
        let (status, waits) =
            (response.status().as_u16(), response.headers().contains_key("retry-after"));
        Ok((status, waits, response.text().await?))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
