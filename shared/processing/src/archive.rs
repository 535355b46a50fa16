use envelope::{CloudEvent, Envelope};
use ports::{Archive, Deliveries, EventsQueue, Ledger, PortError, PortResult, SecretSource};
use time::UtcOffset;
use time::macros::format_description;

use crate::process::Worker;

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// The envelope as it came, but for private keys.
    pub(crate) async fn archive(&self, envelope: &Envelope) -> PortResult<()> {
        let body = serde_json::to_vec(envelope)
            .map_err(|error| PortError(format!("envelope {}: {error}", envelope.id)))?;
        self.ports.archive.put(&archive_key(envelope)?, body).await.map(drop)
    }
}

/// `provider/yyyy/mm/dd/id`, the day that of receipt in UTC.
pub(crate) fn archive_key<D>(event: &CloudEvent<D>) -> PortResult<String> {
    let fault = |problem: &str| PortError(format!("event {}: {problem}", event.id));
    let provider =
        event.source.split('/').nth(1).ok_or_else(|| fault("its source is none of ours"))?;
    let day = event
        .receivedtime
        .to_offset(UtcOffset::UTC)
        .format(format_description!("[year]/[month]/[day]"))
        .map_err(|_| fault("its receivedtime cannot be written"))?;
    Ok(format!("{provider}/{day}/{}", event.id.replace('/', ".")))
}
