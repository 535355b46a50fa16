use std::time::Duration;

use boot::Environment;
use embedded::{LocalEvents, LocalLedger, State};
use reconciliation::{Job, Ports, Reconciler, Settings};
use tokio::sync::watch;

use crate::keys::ApiKey;
use crate::local::Providers;

type LocalReconciler = Reconciler<LocalEvents, LocalLedger, ApiKey>;

/// The first run comes so long after the start at most: what was missed while nothing ran here.
const SOON: Duration = Duration::from_secs(60);

/// Looks from time to time for what CertCentral failed to send.
pub(crate) struct Reconciling {
    /// `None` where CertCentral is simulated in this process, since its events go nowhere else, and
    /// where it was switched off.
    reconciler: Option<LocalReconciler>,
    job: Job,
    every: Duration,
}

impl Reconciling {
    /// Never, where `every` is zero.
    pub(crate) fn of(
        environment: &Environment,
        state: &State,
        providers: &Providers,
        every: Duration,
    ) -> anyhow::Result<Self> {
        let settings = Settings::of(providers.settings.digicert.clone(), environment)?;
        let own = providers.keys.digicert.clone();
        let own = own.filter(|key| !key.is_simulated() && !every.is_zero());
        let reconciler = own.map(|key| {
            let ports = Ports { events: state.events(), ledger: state.ledger(), key };
            Reconciler::new(&settings, ports)
        });
        let window_minutes = settings.window_minutes;
        let job = Job { window_minutes, is_dry_run: false, deadline: None };
        Ok(Self { reconciler: reconciler.transpose()?, job, every })
    }

    /// Until `stopped` turns true. A run that fails is told, and the next one does its work too.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let Some(reconciler) = self.reconciler else { return };
        let mut pause = self.every.min(SOON);
        while !*stopped.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => return,
            }
            // It may be stopped at any point: the next one goes on.
            let outcome = tokio::select! {
                outcome = reconciler.run(&self.job) => outcome,
                _ = stopped.changed() => return,
            };
            match outcome.map(|report| report.left) {
                Ok(None) => {}
                Ok(Some(left)) => tracing::warn!("reconciling: {left}"),
                Err(error) => tracing::warn!("reconciling: {error}"),
            }
            pause = self.every;
        }
    }
}
