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

use crate::client::{Client, Trouble};
use crate::fault::{Fault, Outcome};
use crate::given::{self, KeySource};
use crate::meta::words::Access;

/// Pages of domains that are read; an app has a few hundred domains.
const PAGES: usize = 100;

/// One Meta app.
pub(crate) struct App {
    client: Client,
    id: String,
}

impl App {
    /// # Errors
    /// App id, access token or base is missing or cannot be right.
    pub(crate) async fn open(
        access: &Access,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> Outcome<Self> {
        let id = id(access.app.as_deref(), environment)?;
        let base = given::base(access.base.as_deref(), "META_API_BASE", API_BASE, environment)?;
        let stored = access.token_source().read(environment, secrets).await?;
        let key = api::key(&stored)
            .ok_or_else(|| Fault::usage("the access token is empty, or was never filled in"))?;
        Ok(Self { client: Client::new(base, key)?, id })
    }

    pub(crate) async fn subscription(&self) -> Result<Option<Subscription>, Trouble<Refusal>> {
        self.client.call(&subscription::subscriptions(&self.id), classify_subscriptions).await
    }

    pub(crate) async fn subscribe(&self, callback: &str, token: &SecretString) -> Outcome<()> {
        let request = subscription::subscribe(&self.id, callback, token);
        Ok(self.client.call(&request, classify_done).await?)
    }

    pub(crate) async fn domains(&self, alerts: Alerts) -> Result<Vec<String>, Trouble<Refusal>> {
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

    pub(crate) async fn subscribe_domains(&self, alerts: Alerts, domains: &[&str]) -> Outcome<()> {
        let request = subscription::subscribe_domains(&self.id, alerts, domains);
        Ok(self.client.call(&request, classify_done).await?)
    }
}

impl Access {
    fn token_source(&self) -> KeySource<'_> {
        KeySource {
            provider: Provider::Meta,
            called: "access token",
            option: "--access-token-file",
            file: self.access_token_file.as_deref(),
            variable: ACCESS_TOKEN.variable,
            state: &self.common.state,
            member: ACCESS_TOKEN.name,
        }
    }
}

fn id(option: Option<&str>, environment: &Environment) -> Outcome<String> {
    const VARIABLE: &str = "META_APP_ID";
    let id = option.or_else(|| environment.optional(VARIABLE));
    let id = id
        .ok_or_else(|| Fault::usage(format!("no app id: name it with --app, or set {VARIABLE}")))?;
    if subscription::is_app(id) {
        Ok(id.to_owned())
    } else {
        Err(Fault::usage(format!("--app or {VARIABLE}: `{id}` is not a number")))
    }
}

/// What the handshake is to say, in the webhook secret as it is stored.
pub(crate) fn verify_token(stored: &SecretString) -> Option<SecretString> {
    let members: Value = serde_json::from_str(stored.expose_secret()).ok()?;
    let token = members[VERIFY_TOKEN.stored_as].as_str()?.trim();
    (!token.is_empty() && token != PLACEHOLDER).then(|| token.into())
}
