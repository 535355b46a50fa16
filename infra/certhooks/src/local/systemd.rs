use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::sync::watch;

use crate::local::admin::Health;

/// Tells systemd that the service is ready, and, as often as its watchdog asks for it, that it lives. Without
/// systemd it does nothing.
///
/// A process lives while its queue answers, also with an error: a full disk is no better after a restart, and
/// whoever asks for that reads `/readyz`. A process whose queue answers no more is restarted.
pub(crate) async fn run(health: Arc<Health>, mut stopped: watch::Receiver<bool>) {
    notify(NotifyState::Ready);
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    // Thrice, so that one that comes late does not count.
    let mut interval = tokio::time::interval(limit / 3);
    loop {
        tokio::select! {
            _stop = stopped.wait_for(|stop| *stop) => return,
            _tick = interval.tick() => {}
        }
        if health.answers().await {
            notify(NotifyState::Watchdog);
        }
    }
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not notified");
    }
}
