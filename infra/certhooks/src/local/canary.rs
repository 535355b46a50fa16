use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::local::webhook_endpoints::WebhookEndpoints;

/// The delay after the start. Messages that a restart finds on the queue go first.
const FIRST: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends a synthetic event soon after the start and each day, until `stopped` turns true.
pub(crate) async fn run(endpoints: Arc<WebhookEndpoints>, mut stopped: watch::Receiver<bool>) {
    let mut pause = FIRST;
    while tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped)).await.is_err() {
        if let Err(error) = endpoints.canary().await {
            tracing::error!(%error, "failed to send the canary");
        }
        pause = DAY;
    }
}
