use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use envelope::Provider;
use ports::{PortError, PortResult, SecretSource};
use providers::api::Key;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::Clock;

/// The API credentials; a provider without one gets no call-backs.
pub type Keys<S> = BTreeMap<Provider, S>;

/// How long an API key is cached. It is read again at once after the provider refused it.
const CACHE_TTL: Duration = Duration::from_secs(300);

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
        if let Some((read, key)) = &cache.read
            && now.saturating_duration_since(*read) < CACHE_TTL
        {
            return Ok(key.clone());
        }
        let stored = self.source.current().await?.current;
        let stored = stored.ok_or_else(|| PortError("the API key's secret has no value".into()))?;
        let key = (self.parse)(&stored);
        cache.read = Some((now, key.clone()));
        Ok(key)
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
    let value = |key: Option<&Key>| match key {
        Some(Key::Header { value, .. } | Key::Query { value, .. }) => {
            Some(value.expose_secret().to_owned())
        }
        None => None,
    };
    value(one) == value(other)
}
