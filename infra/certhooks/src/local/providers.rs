use std::net::SocketAddr;
use std::path::Path;

#[cfg(feature = "simulator")]
use anyhow::Context;
use boot::Environment;
use processing::{Keys, Settings};
use providers::profile;

use crate::credentials::{self, ApiKey};

/// API keys and API settings for the worker: of the real providers, or of simulated ones, never of both.
pub(crate) struct Providers {
    pub(crate) settings: Settings,
    /// A provider without a key is not called.
    pub(crate) keys: Keys<ApiKey>,
    /// The address of the simulator; `None` where the providers are real.
    pub(crate) simulator: Option<SocketAddr>,
    /// Stops when this is dropped.
    #[cfg(feature = "simulator")]
    _simulator: Option<simulator::Simulator>,
}

impl Providers {
    /// The real providers.
    ///
    /// # Errors
    /// A setting or an API key cannot be read.
    pub(crate) async fn real(state: &Path, environment: &Environment) -> anyhow::Result<Self> {
        let secrets = credentials::local_secrets(state, environment);
        Ok(Self {
            settings: Settings::from_environment(environment)?,
            keys: credentials::api_keys(&secrets).await?,
            simulator: None,
            #[cfg(feature = "simulator")]
            _simulator: None,
        })
    }

    /// Says in the log which real providers are not called.
    pub(crate) fn warn_of_missing_keys(&self) {
        for row in profile::ALL.iter().filter(|row| row.has_call_backs) {
            if !self.keys.contains_key(&row.provider) {
                let (variable, member) = (row.api.secret.variable, row.api.secret.name);
                tracing::warn!(provider = %row.provider, variable, member, "no API key: call-backs are disabled");
            }
        }
    }

    /// Simulated providers.
    ///
    /// # Errors
    /// A secret of a real provider is configured, or this build has no simulator.
    pub(crate) async fn simulated(state: &Path, environment: &Environment) -> anyhow::Result<Self> {
        credentials::check_none_is_real(state, environment).await?;
        #[cfg(feature = "simulator")]
        return Self::start_simulator(environment.clone()).await;
        #[cfg(not(feature = "simulator"))]
        anyhow::bail!(
            "--simulate and --samples: this certhooks was built without the simulator; `make run` builds one \
             with it (cargo build --package certhooks --features simulator)"
        )
    }

    /// The simulator has no rate limits, so the budgets are `none` unless they are set.
    #[cfg(feature = "simulator")]
    async fn start_simulator(mut environment: Environment) -> anyhow::Result<Self> {
        let loopback = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        // Any user of the machine could change what is answered to a process that others look at.
        let settings = simulator::Settings { has_control: false, ..Default::default() };
        let simulator = simulator::Simulator::start(loopback, settings);
        let simulator = simulator.await.context("the simulator")?;
        let mut keys = Keys::new();
        for row in profile::ALL {
            let profile::Api { base_variable, budget_variable, simulation, .. } = row.api;
            environment = environment.with(base_variable, simulator.base_of(row.provider.as_str()));
            let defaults = [(budget_variable, "none")];
            for (variable, value) in defaults.iter().chain(simulation) {
                if environment.optional(variable).is_none() {
                    environment = environment.with(variable, *value);
                }
            }
            // The simulator accepts any key.
            keys.insert(row.provider, ApiKey::Resolved("simulated".into()));
        }
        let mut settings = Settings::from_environment(&environment)?;
        // The simulated providers' chains end at roots of their own, which nobody else trusts.
        let roots = certificate::TrustAnchors::from_pem(simulator.roots().as_bytes())?;
        let anchors = certificate::TrustAnchors::clone(&settings.trust_anchors);
        settings.trust_anchors = anchors.and(roots).into();
        Ok(Self {
            settings,
            keys,
            simulator: Some(simulator.address()),
            _simulator: Some(simulator),
        })
    }
}
