use providers::api::{Answer, Key, Request};
use providers::digicert::webhook::{self, Refusal, Webhook};
use reqwest::Url;

use crate::client::{self, Client};
use crate::error::{CommandError, CommandResult};

/// The CertCentral account of an API key.
pub(crate) struct Account(Client);

pub(crate) type CallError = client::CallError<Refusal>;

impl Account {
    pub(crate) fn new(base: Url, key: Key) -> CommandResult<Self> {
        Ok(Self(Client::new(base, key)?))
    }

    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        self.0.call(request, classify).await
    }

    /// The account's webhook, or the one with the id.
    ///
    /// # Errors
    /// There is no such webhook, or the call failed.
    pub(crate) async fn webhook(&self, id: Option<u64>) -> CommandResult<Webhook> {
        let found = self.find(id).await?;
        found.ok_or_else(|| match id {
            Some(_) => CommandError::not_found(Refusal::NoSuchWebhook.to_string()),
            None => Refusal::NoWebhookInAccount.into(),
        })
    }

    /// As [`webhook`](Self::webhook), but `None` where there is no such webhook.
    pub(crate) async fn find(&self, id: Option<u64>) -> Result<Option<Webhook>, CallError> {
        let webhooks = self.call(&webhook::list(), webhook::classify_list).await?;
        Ok(webhooks.into_iter().find(|webhook| id.is_none_or(|id| id == webhook.id)))
    }

    /// The id that is given, or that of the account's webhook.
    pub(crate) async fn id(&self, id: Option<u64>) -> CommandResult<u64> {
        match id {
            Some(id) => Ok(id),
            None => Ok(self.webhook(None).await?.id),
        }
    }

    /// Makes a call whose answer holds nothing.
    pub(crate) async fn act(&self, request: &Request) -> Result<(), CallError> {
        self.call(request, webhook::classify_done).await
    }
}
