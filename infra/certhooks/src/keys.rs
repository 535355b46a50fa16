use boot::Environment;
use embedded::{LocalSecret, LocalSecrets};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use providers::dispatch;
use providers::secret_member::SecretMember;
use secrecy::SecretString;

/// A provider's API key: the operator's, or none needed since the provider is simulated.
#[derive(Clone)]
pub(crate) enum ApiKey {
    Own(LocalSecret),
    Simulated,
}

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        match self {
            Self::Own(secret) => secret.current().await,
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
    pub(crate) async fn of(secrets: &LocalSecrets, provider: Provider) -> PortResult<Self> {
        let own = secrets.api(provider);
        let is_there = own.current().await?.current.is_some();
        Ok(if is_there { Self::Own(own) } else { Self::Simulated })
    }

    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated)
    }
}

/// Looks a secret's variable up in the environment.
pub(crate) fn variable(environment: &Environment) -> impl Fn(&str) -> Option<String> {
    |name| environment.optional(name).map(str::to_owned)
}

/// Where a webhook secret comes from, so that an error can say what to change.
pub(crate) fn origin(environment: &Environment, provider: Provider) -> String {
    let SecretMember { variable, name, .. } = dispatch::webhook_secret(provider);
    match environment.optional(variable) {
        Some(_) => variable.to_owned(),
        None => format!("`{name}` in the state folder's secrets.json"),
    }
}
