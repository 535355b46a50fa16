use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;

use crate::cloudflare::CloudflareState;
use crate::digicert::DigicertState;
use crate::settings::Settings;
use crate::shared::Shared;

/// What the providers share, and the states of those whose events the control paths send. Clones refer to the same states.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) shared: Arc<Shared>,
    pub(crate) digicert: Arc<DigicertState>,
    pub(crate) cloudflare: Arc<CloudflareState>,
}

impl AppState {
    /// `running` changes when the simulator stops.
    pub(crate) fn new(
        address: SocketAddr,
        settings: Settings,
        running: watch::Receiver<()>,
    ) -> Result<Self> {
        let shared = Shared::new(address, settings, running)?;
        Ok(Self {
            digicert: Arc::new(DigicertState::new(Arc::clone(&shared))),
            cloudflare: Arc::new(CloudflareState::new(Arc::clone(&shared))),
            shared,
        })
    }
}
