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

use crate::client::{Client, Trouble, is_loopback, same_address};
use crate::cloudflare::words::Access;
use crate::fault::{Fault, Outcome};
use crate::given::{self, KeySource};
use crate::line::clean;

/// One Cloudflare account's notifications.
pub(crate) struct Account {
    client: Client,
    id: String,
}

impl Account {
    /// # Errors
    /// Account id, API token or base is missing or cannot be right.
    pub(crate) async fn open(
        access: &Access,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> Outcome<Self> {
        let id = account_id(access.account.as_deref(), environment)?;
        let base =
            given::base(access.base.as_deref(), "CLOUDFLARE_API_BASE", API_BASE, environment)?;
        let stored = access.token_source().read(environment, secrets).await?;
        let key = api::key(&stored).ok_or_else(|| {
            Fault::usage("the API token is empty, or was never filled in: make one at Cloudflare")
        })?;
        Ok(Self { client: Client::new(base, key)?, id })
    }

    pub(crate) async fn destinations(&self) -> Result<Vec<Destination>, Trouble<Refusal>> {
        self.client.call(&alerting::destinations(&self.id), classify_destinations).await
    }

    pub(crate) async fn policies(&self) -> Result<Vec<Policy>, Trouble<Refusal>> {
        self.client.call(&alerting::policies(&self.id), classify_policies).await
    }

    /// The id of the new one, which has taken Cloudflare's test.
    pub(crate) async fn create_destination(
        &self,
        new: &NewDestination<'_>,
    ) -> Result<String, Trouble<Refusal>> {
        self.client.call(&alerting::create_destination(&self.id, new), classify_created).await
    }

    /// The same values again, which has Cloudflare send its test.
    pub(crate) async fn save_destination(
        &self,
        id: &str,
        same: &NewDestination<'_>,
    ) -> Result<(), Trouble<Refusal>> {
        self.client.call(&alerting::update_destination(&self.id, id, same), classify_done).await
    }

    pub(crate) async fn delete_destination(&self, id: &str) -> Outcome<()> {
        Ok(self.client.call(&alerting::delete_destination(&self.id, id), classify_done).await?)
    }

    /// The id of the new one.
    pub(crate) async fn create_policy(&self, policy: &Map<String, Value>) -> Outcome<String> {
        Ok(self.client.call(&alerting::create_policy(&self.id, policy), classify_created).await?)
    }

    pub(crate) async fn update_policy(&self, id: &str, policy: &Map<String, Value>) -> Outcome<()> {
        Ok(self.client.call(&alerting::update_policy(&self.id, id, policy), classify_done).await?)
    }

    pub(crate) async fn delete_policy(&self, id: &str) -> Outcome<()> {
        Ok(self.client.call(&alerting::delete_policy(&self.id, id), classify_done).await?)
    }
}

impl Access {
    fn token_source(&self) -> KeySource<'_> {
        KeySource {
            provider: Provider::Cloudflare,
            called: "API token",
            option: "--api-token-file",
            file: self.api_token_file.as_deref(),
            variable: API_TOKEN.variable,
            state: &self.common.state,
            member: API_TOKEN.name,
        }
    }
}

fn account_id(named: Option<&str>, environment: &Environment) -> Outcome<String> {
    const VARIABLE: &str = "CLOUDFLARE_ACCOUNT_ID";
    let id = named.or_else(|| environment.optional(VARIABLE));
    let id = id.ok_or_else(|| {
        Fault::usage(format!("no account id: name it with --account, or set {VARIABLE}"))
    })?;
    if is_id(id) {
        Ok(id.to_owned())
    } else {
        Err(Fault::usage(format!("--account or {VARIABLE}: `{}` is no account id", clean(id))))
    }
}

/// Neither code nor wording of a failed test is documented; a refusal that is about nothing else is
/// most likely that.
pub(crate) fn untested(trouble: Trouble<Refusal>) -> Fault {
    match trouble {
        Trouble::Refused(refusal @ Refusal::Other { .. }) => Fault::from(refusal).then(
            "Cloudflare saves a destination only if it answers a test with 2xx: see that the door \
             is up with this secret, that its name resolves and its certificate is valid",
        ),
        trouble => trouble.into(),
    }
}

/// An address that Cloudflare can send to: of https on port 443 only ("Configure webhooks").
pub(crate) fn endpoint(text: &str) -> Outcome<Url> {
    let url = given::address("--endpoint", text)?;
    if is_loopback(&url) || url.port_or_known_default() == Some(443) {
        return Ok(url);
    }
    Err(Fault::usage(format!("--endpoint {url}: Cloudflare sends to port 443 only")))
}

/// Those with this address.
pub(crate) fn at<'a>(destinations: &'a [Destination], endpoint: &str) -> Vec<&'a Destination> {
    destinations.iter().filter(|destination| same_address(&destination.url, endpoint)).collect()
}
