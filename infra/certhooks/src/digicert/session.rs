use boot::Environment;
use envelope::Provider;
use ports::WaitingChallenge;
use providers::api::{Answer, Request};
use providers::digicert::admin::{self, Webhook};
use providers::digicert::{API_BASE_EU, DigicertReceiver};
use providers::refusal::Refusal;
use providers::sent_secret::SentSecret;
use secrecy::SecretString;

use crate::args::StackArgs;
use crate::client::{CallError, Client};
use crate::credentials::{self, usable};
use crate::digicert::args::{Access, NewSecret};
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::Output;

pub(crate) const PROVIDER: Provider = Provider::DIGICERT;

/// The CertCentral account of an API key, and what every command works with.
pub(crate) struct Session {
    access: Access,
    environment: Environment,
    client: Client,
    pub(crate) output: Output,
}

impl Access {
    /// The base URL that an option names: `--eu` means the European one, so it goes before the variable
    /// as `--base` does.
    pub(crate) fn base(&self) -> Option<&str> {
        if self.eu { Some(API_BASE_EU) } else { self.base.as_deref() }
    }

    /// The API key that an option names, else that of the variable or of the state folder.
    pub(crate) async fn api_key(&self, environment: &Environment) -> CommandResult<SecretString> {
        #[cfg(feature = "aws")]
        if let Some(id) = &self.api_key_secret {
            return installation::stored_secret(environment, "--api-key-secret", id).await;
        }
        let option = ("--api-key-file", self.api_key_file.as_deref());
        credentials::api_key(PROVIDER, option, &self.common.state, environment).await
    }

    /// As [`api_key`](Self::api_key), of any provider.
    pub(crate) async fn api_key_of(
        &self,
        provider: Provider,
        environment: &Environment,
    ) -> CommandResult<SecretString> {
        if provider == PROVIDER {
            return self.api_key(environment).await;
        }
        let option = ("--api-key-file", self.api_key_file.as_deref());
        credentials::api_key(provider, option, &self.common.state, environment).await
    }

    pub(crate) fn output(&self) -> Output {
        Output { json: self.common.json }
    }
}

impl Session {
    pub(crate) async fn open(access: &Access) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let stored = access.api_key(&environment).await?;
        let client = Client::new(PROVIDER, access.base(), &stored, &environment)?;
        Ok(Self { access: access.clone(), environment, client, output: access.output() })
    }

    /// The installation that receives the events of the webhook.
    pub(crate) async fn installation(
        &self,
        stack: &StackArgs,
    ) -> CommandResult<Box<dyn Installation>> {
        installation::open(stack, &self.access.common.state, &self.environment).await
    }

    /// The webhook key that the options name; `None` where they name none.
    pub(crate) async fn new_secret(&self, named: &NewSecret) -> CommandResult<Option<SentSecret>> {
        if let Some(path) = &named.secret_file {
            return usable::<DigicertReceiver>(
                "--secret-file",
                &credentials::secret("--secret-file", path)?,
            )
            .map(Some);
        }
        if named.secret_from_state {
            let folder = self.installation(&StackArgs { stack: None }).await?;
            let stored = folder.current_secret(PROVIDER).await?;
            return usable::<DigicertReceiver>("the webhook key of the state folder", &stored)
                .map(Some);
        }
        #[cfg(feature = "aws")]
        if let Some(id) = &named.secret_id {
            let stored = installation::stored_secret(&self.environment, "--secret-id", id).await?;
            return usable::<DigicertReceiver>("--secret-id", &stored).map(Some);
        }
        Ok(None)
    }

    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        self.client.call(request, classify).await
    }

    /// Makes a call whose answer holds nothing.
    pub(crate) async fn act(&self, request: &Request) -> Result<(), CallError> {
        self.call(request, admin::classify_done).await
    }

    /// The account's webhook, or the one with the id.
    ///
    /// # Errors
    /// There is no such webhook, or the call failed.
    pub(crate) async fn webhook(&self, id: Option<u64>) -> CommandResult<Webhook> {
        self.find(id).await?.ok_or_else(|| match id {
            Some(_) => CommandError::not_found(admin::no_webhook(id).to_string()),
            None => admin::no_webhook(id).into(),
        })
    }

    /// As [`webhook`](Self::webhook), but `None` where there is no such webhook.
    pub(crate) async fn find(&self, id: Option<u64>) -> Result<Option<Webhook>, CallError> {
        let webhooks = self.call(&admin::list(), admin::classify_list).await?;
        Ok(webhooks.into_iter().find(|webhook| id.is_none_or(|id| id == webhook.id)))
    }

    /// The id that is given, or that of the account's webhook.
    pub(crate) async fn id(&self, id: Option<u64>) -> CommandResult<u64> {
        match id {
            Some(id) => Ok(id),
            None => Ok(self.webhook(None).await?.id),
        }
    }
}

/// The newest waiting token of a webhook.
pub(crate) async fn waiting_token(
    installation: &dyn Installation,
    webhook: u64,
) -> CommandResult<Option<WaitingChallenge>> {
    let webhook = webhook.to_string();
    let tokens = installation.challenges().await?.into_iter();
    Ok(tokens.filter(|token| token.webhook_id == webhook).max_by_key(|token| token.expires))
}
