use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use providers::cloudflare::alerting::{
    self, Destination, NewDestination, Policy, Refusal, classify_created, classify_destinations,
    classify_done, classify_policies,
};
use providers::cloudflare::{API_BASE, API_TOKEN, api, is_id};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::client::{CallError, Client, endpoint_url, is_loopback, same_address};
use crate::cloudflare::args::Access;
use crate::credentials::{self, KeySource};
use crate::display::clean;
use crate::error::{CommandError, CommandResult};

/// The notifications of a Cloudflare account.
pub(crate) struct Account {
    client: Client,
    id: String,
}

impl Account {
    /// # Errors
    /// The account id, the API token or the base URL is missing or invalid.
    pub(crate) async fn open(
        access: &Access,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> CommandResult<Self> {
        let id = account_id(access.account.as_deref(), environment)?;
        let base = credentials::base(
            access.base.as_deref(),
            "CLOUDFLARE_API_BASE",
            API_BASE,
            environment,
        )?;
        let stored = access.token_source().read(environment, secrets).await?;
        let key = api::key(&stored).ok_or_else(|| {
            CommandError::usage(
                "the API token is empty, or was never filled in; create one at Cloudflare",
            )
        })?;
        Ok(Self { client: Client::new(base, key)?, id })
    }

    pub(crate) async fn destinations(&self) -> Result<Vec<Destination>, CallError<Refusal>> {
        self.client.call(&alerting::destinations(&self.id), classify_destinations).await
    }

    pub(crate) async fn policies(&self) -> Result<Vec<Policy>, CallError<Refusal>> {
        self.client.call(&alerting::policies(&self.id), classify_policies).await
    }

    /// Creates a destination, which must answer Cloudflare's test, and returns its id.
    pub(crate) async fn create_destination(
        &self,
        new: &NewDestination<'_>,
    ) -> Result<String, CallError<Refusal>> {
        self.client.call(&alerting::create_destination(&self.id, new), classify_created).await
    }

    /// Saves a destination with the values that it has, which makes Cloudflare send its test.
    pub(crate) async fn save_destination(
        &self,
        id: &str,
        same: &NewDestination<'_>,
    ) -> Result<(), CallError<Refusal>> {
        self.client.call(&alerting::update_destination(&self.id, id, same), classify_done).await
    }

    pub(crate) async fn delete_destination(&self, id: &str) -> CommandResult<()> {
        Ok(self.client.call(&alerting::delete_destination(&self.id, id), classify_done).await?)
    }

    /// Creates a policy, and returns its id.
    pub(crate) async fn create_policy(&self, policy: &Map<String, Value>) -> CommandResult<String> {
        Ok(self.client.call(&alerting::create_policy(&self.id, policy), classify_created).await?)
    }

    pub(crate) async fn update_policy(
        &self,
        id: &str,
        policy: &Map<String, Value>,
    ) -> CommandResult<()> {
        Ok(self.client.call(&alerting::update_policy(&self.id, id, policy), classify_done).await?)
    }

    pub(crate) async fn delete_policy(&self, id: &str) -> CommandResult<()> {
        Ok(self.client.call(&alerting::delete_policy(&self.id, id), classify_done).await?)
    }
}

impl Access {
    fn token_source(&self) -> KeySource<'_> {
        KeySource {
            provider: Provider::CLOUDFLARE,
            name: "API token",
            option: "--api-token-file",
            file: self.api_token_file.as_deref(),
            variable: API_TOKEN.variable,
            state: &self.common.state,
            member: API_TOKEN.name,
        }
    }
}

fn account_id(named: Option<&str>, environment: &Environment) -> CommandResult<String> {
    const VARIABLE: &str = "CLOUDFLARE_ACCOUNT_ID";
    let id = named.or_else(|| environment.optional(VARIABLE));
    let id = id.ok_or_else(|| {
        CommandError::usage(format!("no account id: name it with --account, or set {VARIABLE}"))
    })?;
    if is_id(id) {
        Ok(id.to_owned())
    } else {
        Err(CommandError::usage(format!(
            "--account or {VARIABLE}: `{}` is not an account id",
            clean(id)
        )))
    }
}

/// Adds advice to a refusal that is most likely a failed test. Cloudflare documents neither code nor
/// message of a failed test, so any refusal without a known cause may be one.
pub(crate) fn advise_on_test(error: CallError<Refusal>) -> CommandError {
    match error {
        CallError::Refused(refusal @ Refusal::Other { .. }) => CommandError::from(refusal).followed_by(
            "Cloudflare saves a destination only if it answers a test with 2xx; check that the webhook \
             endpoint is running with this secret, that its name resolves, and that its certificate \
             is valid",
        ),
        error => error.into(),
    }
}

/// An address that Cloudflare can send to. It sends to port 443 only ("Configure webhooks").
pub(crate) fn endpoint(text: &str) -> CommandResult<Url> {
    let url = endpoint_url("--endpoint", text)?;
    if is_loopback(&url) || url.port_or_known_default() == Some(443) {
        return Ok(url);
    }
    Err(CommandError::usage(format!("--endpoint {url}: Cloudflare sends to port 443 only")))
}

/// The destinations with this address.
pub(crate) fn destinations_at<'a>(
    destinations: &'a [Destination],
    endpoint: &str,
) -> Vec<&'a Destination> {
    destinations.iter().filter(|destination| same_address(&destination.url, endpoint)).collect()
}
