use std::path::Path;
use std::sync::Arc;

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use processing::{Keys, Ports, Settings, Worker};

use crate::fault::Outcome;
use crate::keys::{self, ApiKey};
use crate::local::Providers;
use crate::replay::Home;
use crate::replay::ledger::Past;
use crate::replay::retry_queue::Again;
use crate::replay::source::Source;
use crate::replay::target::Target;

/// A worker takes four fifths of its share of a budget, so one of five stays within the fifth that is the
/// operator's and the reconciler's.
const SHARE: u32 = 5;

/// The current code, with nothing of its surroundings that it could change but the target.
#[derive(Clone)]
pub(crate) struct Replaying {
    pub(crate) worker: Arc<Worker<Again, Target, Past, Source, ApiKey>>,
    pub(crate) again: Again,
    pub(crate) source: Source,
}

/// Keys are the operator's own, since those of a stack are its worker's alone.
pub(crate) async fn providers(
    state: &Path,
    environment: &Environment,
    home: &Home,
) -> Outcome<Providers> {
    let secrets = LocalSecrets::new(state, keys::variable(environment));
    if let Home::Local(_) = home {
        let started = Providers::start(environment, &secrets).await;
        return started.map_err(|error| crate::fault::Fault::failed(format!("{error:#}")));
    }
    let own = async |provider| match ApiKey::of(&secrets, provider).await {
        Ok(key) => Ok(Some(key).filter(|key| !key.is_simulated())),
        Err(_) if !state.join("secrets.json").exists() => Ok(None),
        Err(error) => Err(error),
    };
    let keys = Keys {
        digicert: own(Provider::Digicert).await?,
        cloudflare: own(Provider::Cloudflare).await?,
        meta: own(Provider::Meta).await?,
    };
    Ok(Providers { settings: Settings::from_environment(environment)?, keys, simulation: None })
}

pub(crate) fn of(providers: &Providers, source: Source, target: Target) -> Outcome<Replaying> {
    let settings = Settings { concurrency: SHARE, ..providers.settings.clone() };
    let again = Again::default();
    let ports =
        Ports { events: again.clone(), deliveries: target, ledger: Past, archive: source.clone() };
    let worker = Arc::new(Worker::new(&settings, ports, providers.keys.clone())?);
    Ok(Replaying { worker, again, source })
}
