use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use providers::meta::subscription::{
    self, Alerts, Refusal, Subscription, classify_domains, classify_done, classify_subscriptions,
};
use providers::meta::{ACCESS_TOKEN, API_BASE, VERIFY_TOKEN, api};
use providers::receiver::PLACEHOLDER;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::client::{CallError, Client};
use crate::credentials::{self, KeySource};
use crate::error::{CommandError, CommandResult};
use crate::meta::args::Access;

/// Maximum number of pages of domains to read. An app has a few hundred domains.
const PAGES: usize = 100;

/// A Meta app.
pub(crate) struct App {
    client: Client,
    id: String,
}

impl App {
    /// # Errors
    /// The app id, the access token or the base URL is missing or invalid.
    pub(crate) async fn open(
        access: &Access,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> CommandResult<Self> {
        let id = id(access.app.as_deref(), environment)?;
        let base =
            credentials::base(access.base.as_deref(), "META_API_BASE", API_BASE, environment)?;
        let stored = access.token_source().read(environment, secrets).await?;
        let key = api::key(&stored)
            .ok_or_else(|| CommandError::usage("the access token is empty, or was never filled in; it must be the app's own, APPID|APPSECRET"))?;
        Ok(Self { client: Client::new(base, key)?, id })
    }

    pub(crate) async fn subscription(&self) -> Result<Option<Subscription>, CallError<Refusal>> {
        self.client.call(&subscription::subscriptions(&self.id), classify_subscriptions).await
    }

    pub(crate) async fn subscribe(
        &self,
        callback: &str,
        token: &SecretString,
    ) -> CommandResult<()> {
        let request = subscription::subscribe(&self.id, callback, token);
        Ok(self.client.call(&request, classify_done).await?)
    }

    pub(crate) async fn domains(&self, alerts: Alerts) -> Result<Vec<String>, CallError<Refusal>> {
        let mut domains = Vec::new();
        let mut after = None;
        for _ in 0..PAGES {
            let request = subscription::domains(&self.id, alerts, after.as_deref());
            let page = self.client.call(&request, classify_domains).await?;
            domains.extend(page.domains);
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        Ok(domains)
    }

    pub(crate) async fn subscribe_domains(
        &self,
        alerts: Alerts,
        domains: &[&str],
    ) -> CommandResult<()> {
        let request = subscription::subscribe_domains(&self.id, alerts, domains);
        Ok(self.client.call(&request, classify_done).await?)
    }
}

impl Access {
    fn token_source(&self) -> KeySource<'_> {
        KeySource {
            provider: Provider::META,
            name: "access token",
            option: "--access-token-file",
            file: self.access_token_file.as_deref(),
            variable: ACCESS_TOKEN.variable,
            state: &self.common.state,
            member: ACCESS_TOKEN.name,
        }
    }
}

fn id(option: Option<&str>, environment: &Environment) -> CommandResult<String> {
    const VARIABLE: &str = "META_APP_ID";
    let id = option.or_else(|| environment.optional(VARIABLE));
    let id = id.ok_or_else(|| {
        CommandError::usage(format!("no app id: name it with --app, or set {VARIABLE}"))
    })?;
    if subscription::is_app(id) {
        Ok(id.to_owned())
    } else {
        Err(CommandError::usage(format!("--app or {VARIABLE}: `{id}` is not a number")))
    }
}

/// The token of the handshake, in the webhook secret as it is stored; `None` where it was not filled in.
pub(crate) fn verify_token(stored: &SecretString) -> Option<SecretString> {
    let members: Value = serde_json::from_str(stored.expose_secret()).ok()?;
    let token = members[VERIFY_TOKEN.stored_as].as_str()?.trim();
    (!token.is_empty() && token != PLACEHOLDER).then(|| token.into())
}
