use std::time::Duration;

use ports::{PortError, PortResult, SecretSource, SecretVersions};
use providers::receiver::WebhookReceiver;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Settings;

/// A mismatch reads all stages afresh, but not more often than this.
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// A rotation stage that counts (Secrets Manager, "Secret versions").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Current,
    Pending,
    Previous,
}

impl Stage {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// The webhook secret of one door in all stages that count, cached.
pub struct Secrets<D: WebhookReceiver, S> {
    source: S,
    cache: Duration,
    overlap: Duration,
    /// Held while reading, so that many requests cause one read.
    known: Mutex<Option<Known<D>>>,
}

struct Known<D: WebhookReceiver> {
    stages: Vec<(Stage, D::Secret)>,
    read: Instant,
    /// When all stages were read, not only the current one.
    read_all: Option<Instant>,
}

impl<D: WebhookReceiver, S: SecretSource> Secrets<D, S> {
    pub fn new(source: S, settings: &Settings) -> Self {
        Self {
            source,
            cache: settings.secret_cache,
            overlap: settings.secret_overlap,
            known: Mutex::new(None),
        }
    }

    /// Reads the current stage ahead of the first request.
    ///
    /// # Errors
    /// As the source's, or what is wrong with the secret.
    pub async fn warm(&self) -> PortResult<()> {
        self.first(|_| Some(())).await.map(drop)
    }

    /// What `vouch` makes of the first stage that it accepts. Every stage is tried, also after a
    /// match, so that the time taken does not tell which.
    ///
    /// # Errors
    /// When the secret cannot be read or used: then nobody can be told right from wrong.
    pub(crate) async fn first<T>(
        &self,
        vouch: impl Fn(&D::Secret) -> Option<T>,
    ) -> PortResult<Option<(Stage, T)>> {
        let mut known = self.known.lock().await;
        let fresh = known.as_ref().is_some_and(|known| known.read.elapsed() < self.cache);
        if !fresh {
            *known = Some(self.current().await?);
        }
        if let Some(found) = known.as_ref().and_then(|known| known.first(&vouch)) {
            return Ok(Some(found));
        }
        let paused = known
            .as_ref()
            .and_then(|known| known.read_all)
            .is_some_and(|read_all| read_all.elapsed() < REFRESH_PAUSE);
        if paused {
            return Ok(None);
        }
        *known = Some(self.all().await?);
        Ok(known.as_ref().and_then(|known| known.first(&vouch)))
    }

    /// Once the cache time is over, what was known before counts no more: an operator who takes a
    /// secret away, or empties it, means it.
    async fn current(&self) -> PortResult<Known<D>> {
        let versions = self.source.current().await?;
        self.usable(versions, None)
    }

    async fn all(&self) -> PortResult<Known<D>> {
        let versions = self.source.all().await?;
        self.usable(versions, Some(Instant::now()))
    }

    /// The current stage must be usable. Another one that is not counts for nothing.
    fn usable(&self, versions: SecretVersions, read_all: Option<Instant>) -> PortResult<Known<D>> {
        let fault =
            |problem: String| PortError(format!("webhook secret of {}: {problem}", D::PROVIDER));
        let current = versions.current.as_ref().ok_or_else(|| fault("it has no value".into()))?;
        let current = D::secret(current).map_err(|error| fault(error.to_string()))?;
        let mut stages = vec![(Stage::Current, current)];
        let mut add = |stage, stored: Option<&SecretString>| {
            stages.extend(
                stored.and_then(|stored| D::secret(stored).ok()).map(|secret| (stage, secret)),
            );
        };
        add(Stage::Pending, versions.pending.as_ref());
        if self.overlaps(versions.current_created) {
            add(Stage::Previous, versions.previous.as_ref());
        }
        Ok(Known { stages, read: Instant::now(), read_all })
    }

    fn overlaps(&self, current_created: Option<OffsetDateTime>) -> bool {
        current_created.is_some_and(|created| OffsetDateTime::now_utc() < created + self.overlap)
    }
}

impl<D: WebhookReceiver> Known<D> {
    fn first<T>(&self, vouch: impl Fn(&D::Secret) -> Option<T>) -> Option<(Stage, T)> {
        self.stages
            .iter()
            .filter_map(|(stage, secret)| Some((*stage, vouch(secret)?)))
            .reduce(|first, _| first)
    }
}
