use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use envelope::Provider;
use ports::{PortError, PortResult, SecretSource};
use providers::api::Key;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::Clock;

/// The API credentials; a provider without one gets no call-backs.
pub type Keys<S> = BTreeMap<Provider, S>;

/// How long an API key is cached. It is read again at once after the provider refused it.
const CACHE_TTL: Duration = Duration::from_secs(300);
/// The same while the last known key is refused: its events wait for another one.
const REFUSED_TTL: Duration = Duration::from_secs(60);

/// The credential of one provider's API.
pub(crate) struct ApiKey<S> {
    source: S,
    parse: fn(&SecretString) -> Option<Key>,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    read: Option<(Instant, Option<Key>)>,
    refused: Option<Option<Key>>,
}

impl<S: SecretSource> ApiKey<S> {
    pub(crate) fn new(
        source: S,
        parse: fn(&SecretString) -> Option<Key>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { source, parse, clock, cache: Mutex::default() }
    }

    /// Returns the key; `None` when the secret still holds a placeholder.
    pub(crate) async fn current(&self) -> PortResult<Option<Key>> {
        let mut cache = self.cache.lock().await;
        let now = self.clock.instant();
        let ttl = if cache.refused.is_some() { REFUSED_TTL } else { CACHE_TTL };
        if let Some((read, key)) = &cache.read
            && now.saturating_duration_since(*read) < ttl
        {
            return Ok(key.clone());
        }
        let key = self.read().await?;
        cache.read = Some((now, key.clone()));
        Ok(key)
    }

    /// Reads the key if the last known one was refused. Whether it was replaced, which is true only once
    /// for each replacement.
    pub(crate) async fn look_for_replacement(&self) -> PortResult<bool> {
        if self.cache.lock().await.refused.is_none() {
            return Ok(false);
        }
        let key = self.read().await?;
        self.cache.lock().await.read = Some((self.clock.instant(), key.clone()));
        Ok(self.is_replacement(key.as_ref()).await)
    }

    async fn read(&self) -> PortResult<Option<Key>> {
        let stored = self.source.current().await?.current;
        let stored = stored.ok_or_else(|| PortError("the API key's secret has no value".into()))?;
        Ok((self.parse)(&stored))
    }

    /// Drops a key that the provider refused, because the operator may have stored another one.
    pub(crate) async fn refuse(&self, key: Option<Key>) {
        *self.cache.lock().await = Cache { read: None, refused: Some(key) };
    }

    /// Whether `key` replaces one that was refused; true only once for each replacement.
    pub(crate) async fn is_replacement(&self, key: Option<&Key>) -> bool {
        let mut cache = self.cache.lock().await;
        let is_other = cache.refused.as_ref().is_some_and(|refused| !same(refused.as_ref(), key));
        if is_other {
            cache.refused = None;
        }
        is_other
    }
}

fn same(one: Option<&Key>, other: Option<&Key>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
