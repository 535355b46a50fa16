use std::path::Path;
use std::sync::Arc;

use boot::Environment;
use embedded::LocalSecrets;
use processing::{Keys, Ports, Settings, Worker};
use providers::profile;

use crate::error::CommandResult;
use crate::keys::{self, ApiKey};
use crate::local::providers::Providers;
use crate::replay::installation::Installation;
use crate::replay::ledger::ReplayLedger;
use crate::replay::retry_queue::RetryQueue;
use crate::replay::source::Source;
use crate::replay::target::Target;

/// The number of workers that the replay counts itself among, so that it gets a fifth of the workers'
/// share. Workers use four fifths of an API budget, so the replay stays within the fifth that is
/// reserved for the operator and the reconciler.
const WORKERS: u32 = 5;

/// The worker with ports that change nothing but the target.
#[derive(Clone)]
pub(crate) struct Replayer {
    pub(crate) worker: Arc<Worker<RetryQueue, Target, ReplayLedger, Source, ApiKey>>,
    pub(crate) retry_queue: RetryQueue,
    pub(crate) source: Source,
}

/// The APIs of the providers, with the operator's own keys, since only the worker of a stack may read its
/// keys.
pub(crate) async fn providers(
    state: &Path,
    environment: &Environment,
    installation: &Installation,
) -> CommandResult<Providers> {
    let secrets = LocalSecrets::new(state, keys::variable(environment));
    if let Installation::Local(_) = installation {
        let started = Providers::start(environment, &secrets).await;
        return started.map_err(|error| crate::error::CommandError::failed(format!("{error:#}")));
    }
    let mut keys = Keys::new();
    for profile in profile::ALL {
        match ApiKey::find(&secrets, profile.provider).await {
            Ok(key) if key.is_simulated() => {}
            Ok(key) => drop(keys.insert(profile.provider, key)),
            Err(_) if !state.join("secrets.json").exists() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Providers { settings: Settings::from_environment(environment)?, keys, simulation: None })
}

pub(crate) fn replayer(
    providers: &Providers,
    source: Source,
    target: Target,
) -> CommandResult<Replayer> {
    let settings = Settings { concurrency: WORKERS, ..providers.settings.clone() };
    let retry_queue = RetryQueue::default();
    let ports = Ports {
        events: retry_queue.clone(),
        deliveries: target,
        ledger: ReplayLedger,
        archive: source.clone(),
    };
    let worker = Arc::new(Worker::new(&settings, ports, providers.keys.clone())?);
    Ok(Replayer { worker, retry_queue, source })
}
