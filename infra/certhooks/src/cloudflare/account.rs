use providers::cloudflare::alerting::{
    self, Destination, NewDestination, Policy, Refusal, judge_created, judge_destinations,
    judge_done, judge_policies,
};
use reqwest::Url;
use serde_json::{Map, Value};

use crate::client::{Client, Trouble, is_loopback};
use crate::fault::{Fault, Outcome};

/// One Cloudflare account's notifications.
pub(crate) struct Account {
    client: Client,
    id: String,
}

impl Account {
    pub(crate) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    pub(crate) async fn destinations(&self) -> Result<Vec<Destination>, Trouble<Refusal>> {
        self.client.call(&alerting::destinations(&self.id), judge_destinations).await
    }

    pub(crate) async fn policies(&self) -> Result<Vec<Policy>, Trouble<Refusal>> {
        self.client.call(&alerting::policies(&self.id), judge_policies).await
    }

    /// The id of the new one, which has taken Cloudflare's test.
    pub(crate) async fn create_destination(
        &self,
        new: &NewDestination<'_>,
    ) -> Result<String, Trouble<Refusal>> {
        self.client.call(&alerting::create_destination(&self.id, new), judge_created).await
    }

    /// The same values again, which has Cloudflare send its test.
    pub(crate) async fn save_destination(
        &self,
        id: &str,
        same: &NewDestination<'_>,
    ) -> Result<(), Trouble<Refusal>> {
        self.client.call(&alerting::save_destination(&self.id, id, same), judge_done).await
    }

    pub(crate) async fn delete_destination(&self, id: &str) -> Outcome<()> {
        Ok(self.client.call(&alerting::delete_destination(&self.id, id), judge_done).await?)
    }

    /// The id of the new one.
    pub(crate) async fn create_policy(&self, policy: &Map<String, Value>) -> Outcome<String> {
        Ok(self.client.call(&alerting::create_policy(&self.id, policy), judge_created).await?)
    }

    pub(crate) async fn update_policy(
        &self,
        id: &str,
        policy: &Map<String, Value>,
    ) -> Outcome<()> {
        Ok(self.client.call(&alerting::update_policy(&self.id, id, policy), judge_done).await?)
    }

    pub(crate) async fn delete_policy(&self, id: &str) -> Outcome<()> {
        Ok(self.client.call(&alerting::delete_policy(&self.id, id), judge_done).await?)
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

/// An address that Cloudflare can send to: https, and no other port than 443 ("Configure webhooks");
/// on a loopback address, where only a simulated one sends, anything.
pub(crate) fn endpoint(text: &str) -> Outcome<Url> {
    let fault = |problem: &str| Fault::usage(format!("--endpoint {text}: {problem}"));
    let url = Url::parse(text).map_err(|_| {
        fault("is no address; it must look like https://hooks.example.com/webhooks/cloudflare")
    })?;
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::usage("--endpoint: must have no fragment, user name or password"));
    }
    match url.scheme() {
        "http" | "https" if is_loopback(&url) => Ok(url),
        "https" if url.port_or_known_default() == Some(443) => Ok(url),
        "https" => Err(fault("Cloudflare sends to port 443 only")),
        _ => Err(fault("must begin with https:// (http:// is for a loopback address only)")),
    }
}

/// Those with this address.
pub(crate) fn at<'a>(destinations: &'a [Destination], endpoint: &str) -> Vec<&'a Destination> {
    destinations.iter().filter(|destination| same_address(&destination.url, endpoint)).collect()
}

/// `https://a.example` and `https://A.example/` are one address.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one == other || matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}
