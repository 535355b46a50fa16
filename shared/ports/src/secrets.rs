use std::future::Future;

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::PortResult;

/// One secret in all its rotation stages, each as stored: a JSON object, or a plain string.
#[derive(Clone, Debug, Default)]
pub struct SecretVersions {
    pub current: Option<SecretString>,
    /// A rotation is under way.
    pub pending: Option<SecretString>,
    pub previous: Option<SecretString>,
    /// When the current version was created; the previous one counts for a while after it.
    pub current_created: Option<OffsetDateTime>,
}

/// Where one secret is kept. Caching is the caller's.
pub trait SecretSource: Send + Sync + 'static {
    /// The current version only: one call, for a fast start.
    fn current(&self) -> impl Future<Output = PortResult<SecretVersions>> + Send;

    /// All stages: called when something came with another secret than the current one.
    fn all(&self) -> impl Future<Output = PortResult<SecretVersions>> + Send;
}
