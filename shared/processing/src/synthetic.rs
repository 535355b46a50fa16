use ports::{Archive, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource};
use time::{Duration, OffsetDateTime};

use crate::compose::compose;
use crate::deliver::ID_RETENTION;
use crate::enrichment::Enrichment;
use crate::telemetry;
use crate::worker::{Disposition, Event, Worker};

/// The ledger id of the last synthetic event that arrived. No real event has such an id.
const LAST_ID: &str = "certhooks/canary/last";

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Records a synthetic event. Consumers get it only if the operator wants that
    /// (`DELIVER_CANARY`).
    pub(crate) async fn end_synthetic(
        &self,
        event: &Event<'_>,
        enrichment: Enrichment,
    ) -> PortResult<Disposition> {
        if self.deliver_canary {
            self.publish(compose(event.redacted, event.interpretation, enrichment)).await?;
        }
        let now = self.now();
        for id in [LAST_ID, &event.envelope.id] {
            self.ports.ledger.record(DeliveryRecord::id(id, now + ID_RETENTION)).await?;
        }
        telemetry::synthetic_arrived(event.interpretation.provider, event.envelope, now);
        Ok(Disposition::Delivered)
    }
}

/// Returns the time since the last synthetic event arrived and records it as the metric `CanaryAge`;
/// `None` if none arrived in the last 30 days.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn canary_age(ledger: &impl Ledger, now: OffsetDateTime) -> PortResult<Option<Duration>> {
    let known = ledger.known(&[LAST_ID.to_owned()]).await?;
    let age = known.get(LAST_ID).map(|kept_until| now - (*kept_until - ID_RETENTION));
    if let Some(age) = age {
        telemetry::canary_age(age);
    }
    Ok(age)
}
