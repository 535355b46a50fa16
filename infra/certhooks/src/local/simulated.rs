use std::net::{Ipv4Addr, SocketAddr};

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use fulfilment::{Keys, Settings};
use simulator::Simulator;

use crate::keys::ApiKey;

/// The providers as the worker sees them: real where there is an API key, else simulated.
pub(crate) struct Providers {
    pub(crate) settings: Settings,
    pub(crate) keys: Keys<ApiKey>,
    /// Stops with this.
    pub(crate) simulator: Option<Simulator>,
}

impl Providers {
    pub(crate) async fn start(
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> anyhow::Result<Self> {
        let digicert = ApiKey::of(secrets, Provider::Digicert).await?;
        let cloudflare = ApiKey::of(secrets, Provider::Cloudflare).await?;
        let meta = ApiKey::of(secrets, Provider::Meta).await?;
        let mut environment = environment.clone();
        let mut simulator = None;
        if [&digicert, &cloudflare, &meta].iter().any(|key| key.is_simulated()) {
            let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let started = Simulator::start(loopback, simulator::Settings::default()).await?;
            if digicert.is_simulated() {
                environment = simulated(
                    environment,
                    ("DIGICERT_API_BASE", started.digicert_base()),
                    "DIGICERT_API_BUDGET",
                );
            }
            if cloudflare.is_simulated() {
                environment = simulated(
                    environment,
                    ("CLOUDFLARE_API_BASE", started.cloudflare_base()),
                    "CLOUDFLARE_API_BUDGET",
                );
            }
            if meta.is_simulated() {
                environment = simulated(
                    environment,
                    ("META_API_BASE", started.meta_base()),
                    "META_API_BUDGET",
                );
                if environment.optional("META_APP_ID").is_none() {
                    environment = with_default(environment, "META_DOMAINS", "example.com");
                }
            }
            simulator = Some(started);
        }
        let keys =
            Keys { digicert: Some(digicert), cloudflare: Some(cloudflare), meta: Some(meta) };
        Ok(Self { settings: Settings::from_environment(&environment)?, keys, simulator })
    }

    /// For people: who is simulated.
    pub(crate) fn simulated(&self) -> Vec<&'static str> {
        let Keys { digicert, cloudflare, meta } = &self.keys;
        [(digicert, "digicert"), (cloudflare, "cloudflare"), (meta, "meta")]
            .into_iter()
            .filter(|(key, _)| key.as_ref().is_some_and(ApiKey::is_simulated))
            .map(|(_, name)| name)
            .collect()
    }
}

/// The simulator has no limits, so its budget is `none` unless one is set.
fn simulated(
    environment: Environment,
    (base_name, base): (&'static str, String),
    budget_name: &'static str,
) -> Environment {
    with_default(environment.with(base_name, base), budget_name, "none")
}

fn with_default(environment: Environment, name: &'static str, value: &str) -> Environment {
    if environment.optional(name).is_some() { environment } else { environment.with(name, value) }
}
