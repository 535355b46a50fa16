use envelope::{CloudEvent, Envelope};
use ports::{Archive, Deliveries, EventsQueue, Ledger, PortError, PortResult, SecretSource};
use time::UtcOffset;
use time::macros::format_description;

use crate::worker::Worker;

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Archives the envelope as it was received, without private keys.
    pub(crate) async fn archive(&self, envelope: &Envelope) -> PortResult<()> {
        let body = serde_json::to_vec(envelope)
            .map_err(|error| PortError(format!("envelope {}: {error}", envelope.id)))?;
        self.ports.archive.put(&archive_key(envelope)?, body).await.map(drop)
    }
}

/// The archive key `provider/yyyy/mm/dd/id`, with the day of receipt in UTC.
pub(crate) fn archive_key<D>(event: &CloudEvent<D>) -> PortResult<String> {
    let failure = |problem: &str| PortError(format!("event {}: {problem}", event.id));
    let provider = event.source.split('/').nth(1).ok_or_else(|| failure("unknown event source"))?;
    let day = event
        .receivedtime
        .to_offset(UtcOffset::UTC)
        .format(format_description!("[year]/[month]/[day]"))
        .map_err(|_| failure("receivedtime cannot be formatted"))?;
    Ok(format!("{provider}/{day}/{}", event.id.replace('/', ".")))
}
