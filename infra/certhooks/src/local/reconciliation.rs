use std::time::Duration;

use boot::Environment;
use embedded::{LocalEvents, LocalLedger, State};
use envelope::Provider;
use reconciliation::{Job, Ports, Reconciler, Settings};
use tokio::sync::watch;

use crate::keys::ApiKey;
use crate::local::providers::Providers;

type LocalReconciler = Reconciler<LocalEvents, LocalLedger, ApiKey>;

/// The maximum delay of the first run, which finds what was missed while this process was down.
const FIRST: Duration = Duration::from_secs(60);

/// Fetches the events that CertCentral failed to deliver, at an interval.
pub(crate) struct ScheduledReconciliation {
    /// `None` where the interval is zero, and where CertCentral is simulated in this process, since the
    /// simulator sends its events nowhere else.
    reconciler: Option<LocalReconciler>,
    job: Job,
    interval: Duration,
}

impl ScheduledReconciliation {
    /// Reconciliation is off where `interval` is zero.
    pub(crate) fn new(
        environment: &Environment,
        state: &State,
        providers: &Providers,
        interval: Duration,
    ) -> anyhow::Result<Self> {
        let api = providers.settings.apis[&Provider::DIGICERT].clone();
        let settings = Settings::of(api, environment)?;
        let key = providers.keys.get(&Provider::DIGICERT).cloned();
        let key = key.filter(|key| !key.is_simulated() && !interval.is_zero());
        let reconciler = key.map(|key| {
            let ports = Ports { events: state.events(), ledger: state.ledger(), key };
            Reconciler::new(&settings, ports)
        });
        let window_minutes = settings.window_minutes;
        let job = Job { window_minutes, is_dry_run: false, deadline: None };
        Ok(Self { reconciler: reconciler.transpose()?, job, interval })
    }

    /// Runs until `stopped` turns true. A run that fails is logged; the next one covers its window.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let Some(reconciler) = self.reconciler else { return };
        let mut pause = self.interval.min(FIRST);
        while !*stopped.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => return,
            }
            // A run may be stopped at any point, since the next one covers its window.
            let outcome = tokio::select! {
                outcome = reconciler.run(&self.job) => outcome,
                _ = stopped.changed() => return,
            };
            match outcome.map(|report| report.left) {
                Ok(None) => {}
                Ok(Some(left)) => tracing::warn!(reason = %left, "reconciliation is incomplete"),
                Err(error) => tracing::warn!(%error, "reconciliation failed"),
            }
            pause = self.interval;
        }
    }
}
