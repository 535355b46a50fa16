use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::bail;
use boot::Environment;
use embedded::{LocalSecret, LocalSecrets};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use processing::Keys;
use providers::profile;
use providers::receiver::WebhookReceiver;
use providers::secret_member::SecretMember;
use providers::sent_secret::SentSecret;
use secrecy::SecretString;

use crate::error::{CommandError, CommandResult};

/// Maximum size of a secret's file, in bytes.
const SECRET_LIMIT: u64 = 64 * 1024;

/// A provider's API key.
#[derive(Clone)]
pub(crate) enum ApiKey {
    /// From the environment or the state folder.
    Configured(LocalSecret),
    /// From an option or a stack, or any for the simulator.
    Resolved(SecretString),
}

impl SecretSource for ApiKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        match self {
            Self::Configured(secret) => secret.current().await,
            Self::Resolved(key) => {
                Ok(SecretVersions { current: Some(key.clone()), ..SecretVersions::default() })
            }
        }
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

/// The API keys of the environment and the state folder; a provider without one has none here.
pub(crate) async fn api_keys(secrets: &LocalSecrets) -> PortResult<Keys<ApiKey>> {
    let mut keys = Keys::new();
    for profile in profile::ALL {
        let key = secrets.api(profile.provider);
        if key.current().await?.current.is_some() {
            keys.insert(profile.provider, ApiKey::Configured(key));
        }
    }
    Ok(keys)
}

/// The secrets of a state folder, and the variables that override them.
pub(crate) fn local_secrets(state: &Path, environment: &Environment) -> LocalSecrets {
    LocalSecrets::new(state, variable(environment))
}

/// A function that looks up a secret's variable in the environment.
pub(crate) fn variable(environment: &Environment) -> impl Fn(&str) -> Option<String> {
    |name| environment.optional(name).map(str::to_owned)
}

/// The variable or file that a secret comes from, so that an error can name it.
pub(crate) fn origin(environment: &Environment, member: SecretMember) -> String {
    match environment.optional(member.variable) {
        Some(_) => member.variable.to_owned(),
        None => format!("`{}` in the state folder's secrets.json", member.name),
    }
}

/// Refuses webhook secrets of the environment, which are real ones, and API keys of either source:
/// simulated providers are never mixed with real ones.
///
/// # Errors
/// There is such a secret; the error names it.
pub(crate) async fn check_none_is_real(
    state: &Path,
    environment: &Environment,
) -> anyhow::Result<()> {
    let webhook = profile::ALL.iter().flat_map(|profile| profile.webhook_secret);
    if let Some(member) = webhook.copied().find(|one| environment.optional(one.variable).is_some())
    {
        bail!(
            "{} is set: webhook secrets of the environment are real ones, which simulated providers never \
             get; unset it, or start without --simulate and --samples",
            member.variable
        );
    }
    check_no_api_key(state, environment).await
}

/// Refuses API keys, since nothing of a simulated state folder calls a real provider.
///
/// # Errors
/// There is one; the error names it.
pub(crate) async fn check_no_api_key(
    state: &Path,
    environment: &Environment,
) -> anyhow::Result<()> {
    let keys = api_keys(&local_secrets(state, environment)).await?;
    let Some(provider) = keys.keys().next() else { return Ok(()) };
    let origin = origin(environment, profile::of(*provider).api.secret);
    bail!(
        "{origin} is set: a simulated state folder never calls the real API of {provider}; remove it, or \
         use another state folder without --simulate and --samples"
    )
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
    let stored = local_secrets(state, environment).api(provider).current().await?.current;
    stored.ok_or_else(|| {
        CommandError::usage(format!(
            "no {key_name}: set {variable}, name a file with {option} (- for standard input), or store \
             `{name}` in {}",
            state.join("secrets.json").display()
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

/// A webhook secret as it is stored. `name` says where, for people.
///
/// # Errors
/// The provider or the webhook endpoint would not accept it.
pub(crate) fn usable<R: WebhookReceiver>(
    name: &str,
    stored: &SecretString,
) -> CommandResult<SentSecret> {
    SentSecret::of::<R>(stored).map_err(|error| CommandError::usage(format!("{name}: {error}")))
}
