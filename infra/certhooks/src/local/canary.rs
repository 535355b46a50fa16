use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::local::doors::Doors;

/// What a restart finds on the queue goes first.
const FIRST: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A canary soon after the start and each day, until `stopped` turns true.
pub(crate) async fn run(doors: Arc<Doors>, mut stopped: watch::Receiver<bool>) {
    let mut pause = FIRST;
    while tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped)).await.is_err() {
        if let Err(error) = doors.canary().await {
            tracing::error!("the canary was not sent: {error}");
        }
        pause = DAY;
    }
}
