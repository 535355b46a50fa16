use std::future::Future;

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::PortResult;

/// One secret in all its rotation stages, each as it is stored: a JSON object, or a plain string.
#[derive(Clone, Debug, Default)]
pub struct SecretVersions {
    /// The current version. `None` if it has no value.
    pub current: Option<SecretString>,
    /// The next version. `None` unless a rotation is under way.
    pub pending: Option<SecretString>,
    /// The version before the current one.
    pub previous: Option<SecretString>,
    /// When the current version was created. The previous one stays valid for some time after that.
    pub current_created: Option<OffsetDateTime>,
    pub ids: SecretIds,
}

/// Names of the versions, which stay with a version when its stage changes, and reveal nothing of its value.
/// `None` where there is no such version, or the store has no name for it.
#[derive(Clone, Debug, Default)]
pub struct SecretIds {
    pub current: Option<String>,
    pub pending: Option<String>,
    pub previous: Option<String>,
}

/// Where one secret is stored. The caller caches it.
pub trait SecretSource: Send + Sync + 'static {
    /// Reads the current version only: one call, for a fast start.
    fn current(&self) -> impl Future<Output = PortResult<SecretVersions>> + Send;

    /// Reads all stages. Called when a request was made with a non-current secret.
    fn all(&self) -> impl Future<Output = PortResult<SecretVersions>> + Send;
}
