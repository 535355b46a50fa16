use boot::Environment;
use embedded::{LocalSecret, LocalSecrets};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use providers::profile;
use providers::secret_member::SecretMember;
use secrecy::SecretString;

/// A provider's API key.
#[derive(Clone)]
pub(crate) enum ApiKey {
    /// From the environment or the state folder.
    Configured(LocalSecret),
    /// None is configured; the simulator accepts any key.
    Simulated,
}

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        match self {
            Self::Configured(secret) => secret.current().await,
            Self::Simulated => {
                let current = Some(SecretString::from("simulated"));
                Ok(SecretVersions { current, ..SecretVersions::default() })
            }
        }
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

impl ApiKey {
    /// The configured key, or `Simulated` where there is none.
    pub(crate) async fn find(secrets: &LocalSecrets, provider: Provider) -> PortResult<Self> {
        let key = secrets.api(provider);
        let is_configured = key.current().await?.current.is_some();
        Ok(if is_configured { Self::Configured(key) } else { Self::Simulated })
    }

    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated)
    }
}

/// A function that looks up a secret's variable in the environment.
pub(crate) fn variable(environment: &Environment) -> impl Fn(&str) -> Option<String> {
    |name| environment.optional(name).map(str::to_owned)
}

/// The variable or file that a webhook secret comes from, so that an error can name it.
pub(crate) fn origin(environment: &Environment, provider: Provider) -> String {
    let SecretMember { variable, name, .. } = profile::of(provider).webhook_secret[0];
    match environment.optional(variable) {
        Some(_) => variable.to_owned(),
        None => format!("`{name}` in the state folder's secrets.json"),
    }
}
