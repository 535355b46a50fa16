use std::path::{Path, PathBuf};

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::digicert::{API_BASE, API_BASE_EU, API_KEY, api, webhook};
use reqwest::Url;
use secrecy::SecretString;

use super::account::Account;
use super::args::{Access, NewSecret};
use crate::credentials::{self, KeySource};
use crate::error::{CommandError, CommandResult};
use crate::keys;
use crate::output::Output;

/// What every command works with.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) state: PathBuf,
    pub(crate) secrets: LocalSecrets,
    #[cfg(feature = "aws")]
    pub(crate) environment: Environment,
}

impl Session {
    pub(crate) async fn open(access: &Access) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let secrets = LocalSecrets::new(&access.common.state, keys::variable(&environment));
        let base = base(access.base.as_deref(), access.eu, &environment)?;
        let stored = api_key(access, &environment, &secrets).await?;
        let key = api::key(&stored).ok_or_else(|| {
            CommandError::usage("the API key is empty, or was never filled in; create one in CertCentral, Automation > API Keys")
        })?;
        Ok(Self {
            account: Account::new(base, key)?,
            output: Output { json: access.common.json },
            state: access.common.state.clone(),
            secrets,
            #[cfg(feature = "aws")]
            environment,
        })
    }

    /// The webhook key that the options name; `None` where they name none.
    pub(crate) async fn new_secret(
        &self,
        named: &NewSecret,
    ) -> CommandResult<Option<webhook::Key>> {
        let (name, stored) = if let Some(path) = &named.secret_file {
            ("--secret-file", credentials::secret("--secret-file", path)?)
        } else if named.secret_from_state {
            ("the webhook key of the state folder", self.stored_webhook_key().await?)
        } else {
            #[cfg(feature = "aws")]
            if let Some(id) = &named.secret_id {
                let stored = crate::stack::stored(&self.environment, "--secret-id", id).await?;
                return usable("--secret-id", &stored).map(Some);
            }
            return Ok(None);
        };
        usable(name, &stored).map(Some)
    }

    /// The webhook key of the environment variable, else of the state folder.
    pub(crate) async fn webhook_key(&self) -> CommandResult<webhook::Key> {
        usable("the webhook key of the state folder", &self.stored_webhook_key().await?)
    }

    async fn stored_webhook_key(&self) -> CommandResult<SecretString> {
        let versions = self.secrets.webhook(Provider::DIGICERT).current().await?;
        versions.current.ok_or_else(|| {
            CommandError::failed(
                "no webhook key: set DIGICERT_WEBHOOK_KEY, or store `digicert_webhook_key` in the \
                 state folder's secrets.json",
            )
        })
    }
}

fn usable(name: &str, stored: &SecretString) -> CommandResult<webhook::Key> {
    webhook::Key::of(stored).map_err(|error| CommandError::usage(format!("{name}: {error}")))
}

/// The base URL of the Services API.
pub(crate) fn base(
    option: Option<&str>,
    eu: bool,
    environment: &Environment,
) -> CommandResult<Url> {
    // `--eu` means the European base URL, so it goes before the variable as `--base` does.
    credentials::base(
        if eu { Some(API_BASE_EU) } else { option },
        "DIGICERT_API_BASE",
        API_BASE,
        environment,
    )
}

/// The API key that an option names, else that of the variable or of the state folder.
pub(crate) async fn api_key(
    access: &Access,
    environment: &Environment,
    secrets: &LocalSecrets,
) -> CommandResult<SecretString> {
    #[cfg(feature = "aws")]
    if let Some(id) = &access.api_key_secret {
        return crate::stack::stored(environment, "--api-key-secret", id).await;
    }
    key_source(&access.common.state, access.api_key_file.as_deref())
        .read(environment, secrets)
        .await
}

/// The sources of the API key.
pub(crate) fn key_source<'a>(state: &'a Path, file: Option<&'a Path>) -> KeySource<'a> {
    KeySource {
        provider: Provider::DIGICERT,
        name: "API key",
        option: "--api-key-file",
        file,
        variable: API_KEY.variable,
        state,
        member: API_KEY.name,
    }
}
