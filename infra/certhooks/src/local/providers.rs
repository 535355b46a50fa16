use std::net::SocketAddr;
use std::sync::Arc;

use boot::Environment;
use certificate::TrustAnchors;
use embedded::LocalSecrets;
use envelope::Provider;
use processing::{Keys, Settings};
use providers::profile;

use crate::credentials::ApiKey;

/// API keys and API settings for the worker. A provider with an API key is called for real. One
/// without is simulated where this program contains the simulator (feature `simulator`, which `make
/// run` turns on); elsewhere its call-back is disabled.
pub(crate) struct Providers {
    pub(crate) settings: Settings,
    pub(crate) keys: Keys<ApiKey>,
    /// The simulator, which stops when this is dropped; `None` where none runs.
    pub(crate) simulation: Option<Simulation>,
}

/// A simulator that runs in this process.
pub(crate) struct Simulation {
    pub(crate) address: SocketAddr,
    /// The roots of its chains, as PEM.
    roots: String,
    #[cfg(feature = "simulator")]
    _simulator: simulator::Simulator,
}

impl Providers {
    pub(crate) async fn start(
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> anyhow::Result<Self> {
        let mut keys = Keys::new();
        for profile in profile::ALL {
            keys.insert(profile.provider, ApiKey::find(secrets, profile.provider).await?);
        }
        let (environment, simulation) = simulate(environment.clone(), &keys).await?;
        if simulation.is_none() {
            keys.retain(|_, key| !key.is_simulated());
        }
        let mut settings = Settings::from_environment(&environment)?;
        if let Some(simulation) = &simulation {
            // The simulated providers' chains end at roots of their own, which nobody else trusts.
            let roots = TrustAnchors::from_pem(simulation.roots.as_bytes())?;
            settings.trust_anchors =
                Arc::new(TrustAnchors::clone(&settings.trust_anchors).and(roots));
        }
        Ok(Self { settings, keys, simulation })
    }

    /// The names of the simulated providers.
    pub(crate) fn simulated(&self) -> Vec<&'static str> {
        simulated(&self.keys).into_iter().map(Provider::as_str).collect()
    }
}

fn simulated(keys: &Keys<ApiKey>) -> Vec<Provider> {
    keys.iter().filter(|(_, key)| key.is_simulated()).map(|(provider, _)| *provider).collect()
}

/// Starts the simulator if a provider has no API key, and points the settings of that provider to it.
/// The simulator has no rate limits, so the budget is `none` unless one is set.
#[cfg(feature = "simulator")]
async fn simulate(
    mut environment: Environment,
    keys: &Keys<ApiKey>,
) -> anyhow::Result<(Environment, Option<Simulation>)> {
    let simulated = simulated(keys);
    if simulated.is_empty() {
        return Ok((environment, None));
    }
    let loopback = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let simulator = simulator::Simulator::start(loopback, simulator::Settings::default()).await?;
    for provider in simulated {
        let profile::Api { base_variable, budget_variable, simulation, .. } =
            profile::of(provider).api;
        environment = environment.with(base_variable, simulator.base_of(provider.as_str()));
        environment = with_default(environment, budget_variable, "none");
        for (variable, value) in simulation {
            environment = with_default(environment, variable, value);
        }
    }
    let address = simulator.address();
    let roots = simulator.roots();
    Ok((environment, Some(Simulation { address, roots, _simulator: simulator })))
}

#[cfg(not(feature = "simulator"))]
#[expect(clippy::unused_async, reason = "same signature as with the simulator")]
async fn simulate(
    environment: Environment,
    _: &Keys<ApiKey>,
) -> anyhow::Result<(Environment, Option<Simulation>)> {
    Ok((environment, None))
}

#[cfg(feature = "simulator")]
fn with_default(environment: Environment, name: &'static str, value: &str) -> Environment {
    if environment.optional(name).is_some() { environment } else { environment.with(name, value) }
}
