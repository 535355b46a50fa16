use boot::Environment;
use envelope::Provider;
use processing::http::is_loopback;
use providers::api::Request;
use providers::cloudflare::admin::{
    self, Destination, NewDestination, Policy, classify_created, classify_destinations,
    classify_done, classify_policies,
};
use providers::cloudflare::{CloudflareReceiver, is_id};
use providers::receiver::WebhookReceiver;
use providers::refusal::Kind;
use providers::secret::short_member;
use providers::sent_secret::SentSecret;
use reqwest::Url;
use serde_json::{Map, Value};

use crate::args::StackArgs;
use crate::client::{CallError, Client, endpoint_url, same_address};
use crate::cloudflare::args::{Access, WebhookSecret};
use crate::credentials::{self, usable};
use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::Output;

pub(crate) const PROVIDER: Provider = Provider::CLOUDFLARE;

/// The notifications of a Cloudflare account, and what every command works with.
pub(crate) struct Session {
    access: Access,
    environment: Environment,
    client: Client,
    pub(crate) account: String,
    pub(crate) output: Output,
}

impl Session {
    /// # Errors
    /// The account id, the API token or the base URL is missing or invalid.
    pub(crate) async fn open(access: &Access) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let account = account_id(access.account.as_deref(), &environment)?;
        let option = ("--api-token-file", access.api_token_file.as_deref());
        let state = &access.common.state;
        let stored = credentials::api_key(PROVIDER, option, state, &environment).await?;
        let client = Client::new(PROVIDER, access.base.as_deref(), &stored, &environment)?;
        let output = Output { json: access.common.json };
        Ok(Self { access: access.clone(), environment, client, account, output })
    }

    /// The installation that receives the notifications.
    pub(crate) async fn installation(
        &self,
        stack: &StackArgs,
    ) -> CommandResult<Box<dyn Installation>> {
        installation::open(stack, &self.access.common.state, &self.environment).await
    }

    /// The secret that an option names, else that of the stack, of the variable or of the state folder.
    pub(crate) async fn auth(&self, named: &WebhookSecret) -> CommandResult<SentSecret> {
        match &named.secret_file {
            Some(path) => {
                let secret = credentials::secret("--secret-file", path)?;
                if let Some(short) = short_member(CloudflareReceiver::SECRET, &secret) {
                    return Err(CommandError::usage(format!(
                        "--secret-file: it has fewer than {} characters and can be guessed; take the output of \
                         `openssl rand -base64 32`",
                        short.min_length
                    )));
                }
                usable::<CloudflareReceiver>("--secret-file", &secret)
            }
            None => current_auth(&*self.installation(&named.stack).await?).await,
        }
    }

    pub(crate) async fn destinations(&self) -> Result<Vec<Destination>, CallError> {
        self.client.call(&admin::destinations(&self.account), classify_destinations).await
    }

    pub(crate) async fn policies(&self) -> Result<Vec<Policy>, CallError> {
        self.client.call(&admin::policies(&self.account), classify_policies).await
    }

    /// Creates a destination, which must answer Cloudflare's test, and returns its id.
    pub(crate) async fn create_destination(
        &self,
        new: &NewDestination<'_>,
    ) -> Result<String, CallError> {
        self.client.call(&admin::create_destination(&self.account, new), classify_created).await
    }

    /// Saves a destination with the values that it has, which makes Cloudflare send its test.
    pub(crate) async fn save_destination(
        &self,
        id: &str,
        same: &NewDestination<'_>,
    ) -> Result<(), CallError> {
        self.client.call(&admin::update_destination(&self.account, id, same), classify_done).await
    }

    pub(crate) async fn update_policy(
        &self,
        id: &str,
        policy: &Map<String, Value>,
    ) -> CommandResult<()> {
        self.act(&admin::update_policy(&self.account, id, policy)).await
    }

    /// Makes a call whose answer holds nothing.
    pub(crate) async fn act(&self, request: &Request) -> CommandResult<()> {
        Ok(self.client.call(request, classify_done).await?)
    }

    /// Creates a policy, and returns its id.
    pub(crate) async fn create_policy(&self, policy: &Map<String, Value>) -> CommandResult<String> {
        Ok(self.client.call(&admin::create_policy(&self.account, policy), classify_created).await?)
    }
}

/// The secret that the webhook endpoint accepts.
///
/// # Errors
/// A rotation was stopped, so that there are two secrets.
pub(crate) async fn current_auth(installation: &dyn Installation) -> CommandResult<SentSecret> {
    if installation.webhook_secret(PROVIDER).await?.pending.is_some() {
        return Err(CommandError::failed(
            "a rotation was stopped half way; finish it with `certhooks cloudflare rotate`, or \
             undo it with `certhooks cloudflare rotate --roll-back`",
        ));
    }
    usable::<CloudflareReceiver>(
        "the webhook secret",
        &installation.current_secret(PROVIDER).await?,
    )
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
pub(crate) fn advise_on_test(error: CallError) -> CommandError {
    match error {
        CallError::Refused(refusal) if refusal.kind == Kind::Other => CommandError::from(refusal).followed_by(
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
