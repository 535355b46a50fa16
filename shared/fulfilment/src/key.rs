use std::time::{Duration, Instant};

use ports::{PortError, PortResult, SecretSource};
use providers::api::Key;
use secrecy::SecretString;
use tokio::sync::Mutex;

/// An API key is read again after this time, and at once after the provider refused it.
const CACHE: Duration = Duration::from_secs(300);

/// The credential of one provider's API.
pub(crate) struct ApiKey<S> {
    source: S,
    usable: fn(&SecretString) -> Option<Key>,
    known: Mutex<Option<(Instant, Key)>>,
}

impl<S: SecretSource> ApiKey<S> {
    pub(crate) fn new(source: S, usable: fn(&SecretString) -> Option<Key>) -> Self {
        Self { source, usable, known: Mutex::new(None) }
    }

    /// The key; `None` when it was never filled in.
    pub(crate) async fn current(&self) -> PortResult<Option<Key>> {
        let mut known = self.known.lock().await;
        if let Some((read, key)) = &*known
            && read.elapsed() < CACHE
        {
            return Ok(Some(key.clone()));
        }
        let stored = self.source.current().await?.current;
        let stored = stored.ok_or_else(|| PortError("the API key's secret has no value".into()))?;
        *known = (self.usable)(&stored).map(|key| (Instant::now(), key));
        Ok(known.as_ref().map(|(_, key)| key.clone()))
    }

    /// After a refusal: the operator may have stored another one.
    pub(crate) async fn forget(&self) {
        *self.known.lock().await = None;
    }
}
