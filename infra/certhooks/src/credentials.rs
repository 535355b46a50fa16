use std::fs::File;
use std::io::Read;
use std::path::Path;

use boot::Environment;
use embedded::{LocalSecret, LocalSecrets};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use providers::profile;
use providers::secret_member::SecretMember;
use secrecy::SecretString;

use crate::error::{CommandError, CommandResult};

/// Maximum size of a secret's file, in bytes.
const SECRET_LIMIT: u64 = 64 * 1024;

/// A provider's API key.
#[derive(Clone)]
pub(crate) enum ApiKey {
    /// From the environment or the state folder.
    Configured(LocalSecret),
    /// From an option or a stack.
    Resolved(SecretString),
    /// None is configured; the simulator accepts any key.
    Simulated,
}

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        let current = match self {
            Self::Configured(secret) => return secret.current().await,
            Self::Resolved(key) => key.clone(),
            Self::Simulated => "simulated".into(),
        };
        Ok(SecretVersions { current: Some(current), ..SecretVersions::default() })
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

/// The secrets of a state folder, and the variables that override them.
pub(crate) fn local_secrets(state: &Path, environment: &Environment) -> LocalSecrets {
    LocalSecrets::new(state, variable(environment))
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

/// A provider's API key: that of the file that `option` names, else of the variable, else of the state
/// folder's `secrets.json`.
///
/// # Errors
/// No source has the key, or the first one that is set cannot be read.
pub(crate) async fn api_key(
    provider: Provider,
    (option, file): (&str, Option<&Path>),
    state: &Path,
    environment: &Environment,
) -> CommandResult<SecretString> {
    let profile::Api { secret: SecretMember { variable, name, .. }, key_name, .. } =
        profile::of(provider).api;
    if let Some(path) = file {
        return secret(option, path);
    }
    if let Some(key) = environment.optional(variable) {
        return Ok(key.into());
    }
    let file = state.join("secrets.json");
    let stored = match file.exists() {
        true => local_secrets(state, environment).api(provider).current().await?.current,
        false => None,
    };
    stored.ok_or_else(|| {
        CommandError::usage(format!(
            "no {key_name}: set {variable}, name a file with {option} (- for standard input), or store \
             `{name}` in {}",
            file.display()
        ))
    })
}

/// A secret from a file, or from standard input where the path is `-`. No error quotes it.
///
/// # Errors
/// The file cannot be read, or is empty.
pub(crate) fn secret(option: &str, path: &Path) -> CommandResult<SecretString> {
    let unreadable = |error: std::io::Error| {
        CommandError::usage(format!("{option} {}: {error}", path.display()))
    };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    }
    match text.trim() {
        "" => Err(CommandError::usage(format!("{option} {}: is empty", path.display()))),
        secret => Ok(secret.into()),
    }
}
