use anyhow::{Context, bail};
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::profile::{self, Profile, SampleRequest};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

/// Sends bodies as a provider itself would: with its secret or signature, to its route.
pub(crate) struct Sender {
    profile: &'static Profile,
    secret: SecretString,
}

impl Sender {
    /// With the webhook secret of the environment or the state folder.
    pub(crate) async fn of(secrets: &LocalSecrets, provider: Provider) -> anyhow::Result<Self> {
        let stored = secrets.webhook(provider).current().await?.current;
        Ok(Self::with(provider, stored.context("no webhook secret is configured")?))
    }

    /// With a webhook secret as it is stored: a JSON object, or a plain string for its first member.
    pub(crate) fn with(provider: Provider, secret: SecretString) -> Self {
        Self { profile: profile::of(provider), secret }
    }

    /// The request with which the provider would send this body.
    ///
    /// # Errors
    /// The secret cannot be used.
    pub(crate) fn request(&self, body: Vec<u8>) -> anyhow::Result<SampleRequest> {
        (self.profile.samples.request)(&self.secret, body)
            .context("no webhook secret is configured")
    }

    /// The address of the route below `base`.
    pub(crate) fn address(&self, base: &Url, query: &str) -> String {
        let base = base.as_str().trim_end_matches('/');
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{base}{}{separator}{query}", self.profile.route)
    }

    /// Copy number `copy` of an event, with ids of its own, so that it is not a duplicate. Copy 0 is the
    /// event itself.
    pub(crate) fn vary(&self, document: &Value, copy: u64) -> Value {
        let mut varied = document.clone();
        if copy != 0 {
            (self.profile.samples.vary)(&mut varied, copy);
        }
        varied
    }
}

/// The provider whose event a file holds, recognised by its form.
///
/// # Errors
/// The document has the form of no provider's event.
pub(crate) fn provider_of(document: &Value) -> anyhow::Result<Provider> {
    match profile::ALL.iter().find(|profile| (profile.samples.recognises)(document)) {
        Some(profile) => Ok(profile.provider),
        None => {
            bail!("the file has the form of no provider's event; name the provider with --provider")
        }
    }
}
