use std::time::Duration;

use boot::Environment;
use embedded::{LocalEvents, LocalLedger, State};
use reconciliation::{Job, Ports, Reconciler, Settings};
use tokio::sync::watch;

use crate::credentials::ApiKey;
use crate::local::Providers;

type LocalReconciler = Reconciler<LocalEvents, LocalLedger, ApiKey>;

/// The delay of the first run, which finds what was missed while this process was down.
const FIRST: Duration = Duration::from_secs(1);

/// Fetches the events that did not arrive, at the start and then at an interval.
pub(crate) struct ScheduledReconciliation {
    /// Empty where the interval is zero. A provider that is simulated in this process is left out, since
    /// the simulator sends its events nowhere else.
    reconcilers: Vec<LocalReconciler>,
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
        let mut reconcilers = Vec::new();
        for (provider, key) in &providers.keys {
            if providers.simulator.is_some() || interval.is_zero() {
                continue;
            }
            let api = providers.settings.apis[provider].clone();
            if let Some(settings) = Settings::of(api, environment)? {
                let key = key.clone();
                let ports = Ports { events: state.events(), ledger: state.ledger(), key };
                reconcilers.push(Reconciler::new(&settings, ports)?);
            }
        }
        Ok(Self { reconcilers, interval })
    }

    /// Warns where a certificate is unexpected before a run can find the issuance whose webhook was lost.
    pub(crate) fn warn_of_short_grace(&self, grace: time::Duration) {
        if !self.reconcilers.is_empty() && grace <= self.interval {
            tracing::warn!(
                grace_minutes = grace.whole_minutes(),
                reconcile_every_seconds = self.interval.as_secs(),
                "CT_GRACE_MINUTES is not longer than --reconcile-every: a certificate whose webhook is lost becomes \
                 unexpected"
            );
        }
    }

    /// Runs until `stopped` turns true. A run that fails is logged; the next one looks back further.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        if self.reconcilers.is_empty() {
            return;
        }
        let job = Job { is_scheduled: true, ..Job::default() };
        let mut pause = self.interval.min(FIRST);
        while !*stopped.borrow_and_update() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => return,
            }
            for reconciler in &self.reconcilers {
                let provider = reconciler.provider();
                // A run may be stopped at any point, since the next one looks back to the last complete one.
                let outcome = tokio::select! {
                    outcome = reconciler.run(&job) => outcome,
                    _ = stopped.changed() => return,
                };
                match outcome.map(|report| report.left) {
                    Ok(None) => {}
                    Ok(Some(left)) => {
                        tracing::warn!(%provider, error = %left, "reconciliation is incomplete");
                    }
                    Err(error) => tracing::warn!(%provider, %error, "reconciliation failed"),
                }
            }
            pause = self.interval;
        }
    }
}
