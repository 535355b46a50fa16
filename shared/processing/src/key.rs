use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{PortError, PortResult, SecretSource};
use providers::api::Key;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::Clock;

/// An API key is read again after this time, and at once after the provider refused it.
const CACHE: Duration = Duration::from_secs(300);

/// The credential of one provider's API.
pub(crate) struct ApiKey<S> {
    source: S,
    usable: fn(&SecretString) -> Option<Key>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    read: Option<(Instant, Option<Key>)>,
    refused: Option<Option<Key>>,
}

impl<S: SecretSource> ApiKey<S> {
    pub(crate) fn new(
        source: S,
        usable: fn(&SecretString) -> Option<Key>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { source, usable, clock, known: Mutex::default() }
    }

    /// The key; `None` when it was never filled in.
    pub(crate) async fn current(&self) -> PortResult<Option<Key>> {
        let mut known = self.known.lock().await;
        let now = self.clock.instant();
        if let Some((read, key)) = &known.read
            && now.saturating_duration_since(*read) < CACHE
        {
            return Ok(key.clone());
        }
        let stored = self.source.current().await?.current;
        let stored = stored.ok_or_else(|| PortError("the API key's secret has no value".into()))?;
        let key = (self.usable)(&stored);
        known.read = Some((now, key.clone()));
        Ok(key)
    }

    /// After a refusal: the operator may have stored another one.
    pub(crate) async fn refuse(&self, key: Option<Key>) {
        *self.known.lock().await = Known { read: None, refused: Some(key) };
    }

    /// Whether `key` took the place of one that was refused; told once.
    pub(crate) async fn is_replacement(&self, key: Option<&Key>) -> bool {
        let mut known = self.known.lock().await;
        let is_other = known.refused.as_ref().is_some_and(|refused| !same(refused.as_ref(), key));
        if is_other {
            known.refused = None;
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
