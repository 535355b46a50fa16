use std::time::Duration;

use ports::{PortError, PortResult, SecretSource, SecretVersions};
use providers::receiver::WebhookReceiver;
use providers::secret::short_member;
use providers::secret_member::SecretMember;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Settings;

/// The shortest interval between two reads of all stages after a mismatch.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval between two reads of a secret that cannot be read or used: strangers cause them, too.
const UNREADABLE_INTERVAL: Duration = Duration::from_secs(1);

/// How far in the future a rotation may seem to be, because the store's clock is ahead of this one.
const CLOCK_SKEW: time::Duration = time::Duration::minutes(5);

/// A rotation stage whose secret is accepted (Secrets Manager, "Secret versions").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Current,
    Pending,
    Previous,
}

impl Stage {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// The version of the secret that a request was made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct MatchedVersion {
    /// As it was when the secret was read last, which may be a cache's life ago.
    pub(crate) stage: Stage,
    /// Its name, which does not change with its stage; `None` where the store has none.
    pub(crate) id: Option<String>,
}

/// The webhook secret of one endpoint in all accepted stages, cached.
pub struct Secrets<R: WebhookReceiver, S> {
    source: S,
    ttl: Duration,
    overlap: Duration,
    /// Locked while reading, so that concurrent requests cause one read.
    cache: Mutex<Cache<R>>,
}

struct Cache<R: WebhookReceiver> {
    cached: Option<Cached<R>>,
    /// When a read of all stages failed, and why.
    failed: Option<(Instant, PortError)>,
    /// The same of the current stage alone.
    unreadable: Option<(Instant, PortError)>,
}

struct Cached<R: WebhookReceiver> {
    versions: Vec<(MatchedVersion, R::Secret)>,
    read: Instant,
    /// When all stages were read; `None` when only the current one was.
    read_all: Option<Instant>,
}

impl<R: WebhookReceiver, S: SecretSource> Secrets<R, S> {
    pub fn new(source: S, settings: &Settings) -> Self {
        Self {
            source,
            ttl: settings.secret_cache,
            overlap: settings.secret_overlap,
            cache: Mutex::new(Cache { cached: None, failed: None, unreadable: None }),
        }
    }

    /// Reads the current stage before the first request.
    ///
    /// # Errors
    /// When the secret cannot be read or used.
    pub async fn warm(&self, now: OffsetDateTime) -> PortResult<()> {
        self.find(|_| Some(()), now).await.map(drop)
    }

    /// Returns the first version that `check` accepts, with its result. Every stage is checked, even after
    /// a match, so that the time taken does not reveal which one matched.
    ///
    /// # Errors
    /// When the secret cannot be read or used, so that no request can be verified.
    pub(crate) async fn find<T>(
        &self,
        check: impl Fn(&R::Secret) -> Option<T>,
        now: OffsetDateTime,
    ) -> PortResult<Option<(MatchedVersion, T)>> {
        let mut cache = self.cache.lock().await;
        let Cache { cached, failed, unreadable } = &mut *cache;
        let current = match cached.take().filter(|cached| cached.read.elapsed() < self.ttl) {
            Some(fresh) => fresh,
            None => {
                repeated(unreadable.as_ref(), UNREADABLE_INTERVAL)?;
                let read = self.current(now).await;
                *unreadable = read.as_ref().err().map(|error| (Instant::now(), error.clone()));
                read?
            }
        };
        let current = cached.insert(current);
        if let Some(found) = current.find(&check) {
            return Ok(Some(found));
        }
        if current.read_all.is_some_and(|read_all| read_all.elapsed() < REFRESH_INTERVAL) {
            return Ok(None);
        }
        // A store in trouble is not asked for every wrong guess either.
        repeated(failed.as_ref(), REFRESH_INTERVAL)?;
        match self.all(now).await {
            Ok(all) => {
                *failed = None;
                Ok(cached.insert(all).find(&check))
            }
            Err(error) => {
                *failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Reads the current stage and drops the others. An expired cache is never used, because an operator
    /// may have removed or emptied the secret on purpose.
    async fn current(&self, now: OffsetDateTime) -> PortResult<Cached<R>> {
        let versions = self.source.current().await?;
        self.usable(versions, None, now)
    }

    async fn all(&self, now: OffsetDateTime) -> PortResult<Cached<R>> {
        let versions = self.source.all().await?;
        self.usable(versions, Some(Instant::now()), now)
    }

    /// The current stage must be usable. Another stage that is not usable is ignored.
    fn usable(
        &self,
        versions: SecretVersions,
        read_all: Option<Instant>,
        now: OffsetDateTime,
    ) -> PortResult<Cached<R>> {
        let failure =
            |problem: String| PortError(format!("webhook secret of {}: {problem}", R::PROVIDER));
        let stored = versions.current.as_ref().ok_or_else(|| failure("it has no value".into()))?;
        let current = R::secret(stored).map_err(|error| failure(error.to_string()))?;
        if let Some(SecretMember { stored_as, min_length, .. }) = short_member(R::SECRET, stored) {
            let provider = R::PROVIDER;
            tracing::warn!(
                %provider, member = stored_as, min_length,
                "the webhook secret is short enough to be guessed; replace it, since the next version refuses it"
            );
        }
        let ids = versions.ids;
        let version = |stage, id| MatchedVersion { stage, id };
        let mut found = vec![(version(Stage::Current, ids.current), current)];
        let mut add = |stage: Stage, stored: Option<&SecretString>, id| match stored.map(R::secret)
        {
            Some(Ok(secret)) => found.push((version(stage, id), secret)),
            Some(Err(error)) => {
                let (provider, secret_stage) = (R::PROVIDER, stage.as_str());
                tracing::warn!(%provider, secret_stage, %error, "a stage of the webhook secret is ignored");
            }
            None => {}
        };
        add(Stage::Pending, versions.pending.as_ref(), ids.pending);
        let overlaps = |created| {
            let age = now - created;
            age >= -CLOCK_SKEW && age < self.overlap
        };
        if versions.current_created.is_some_and(overlaps) {
            add(Stage::Previous, versions.previous.as_ref(), ids.previous);
        }
        Ok(Cached { versions: found, read: Instant::now(), read_all })
    }
}

/// Repeats the error of a read that failed less than `interval` ago.
fn repeated(failed: Option<&(Instant, PortError)>, interval: Duration) -> PortResult<()> {
    match failed {
        Some((at, error)) if at.elapsed() < interval => Err(error.clone()),
        _ => Ok(()),
    }
}

impl<R: WebhookReceiver> Cached<R> {
    fn find<T>(&self, check: impl Fn(&R::Secret) -> Option<T>) -> Option<(MatchedVersion, T)> {
        self.versions
            .iter()
            .filter_map(|(version, secret)| Some((version.clone(), check(secret)?)))
            .reduce(|first, _| first)
    }
}
