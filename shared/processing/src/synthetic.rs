use ports::{Archive, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource};
use time::OffsetDateTime;

use crate::compose::compose;
use crate::process::ID_RETENTION;
use crate::telemetry;
use crate::types::{Disposition, Enrichment, Event};
use crate::worker::Worker;

/// The ledger id of the last synthetic event that arrived. No real event has such an id.
const LAST_SYNTHETIC: &str = "certhooks/canary/last";

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Records a synthetic event. Consumers get it only if the operator wants that
    /// (`DELIVER_CANARY`).
    pub(crate) async fn end_synthetic(
        &self,
        event: &Event<'_>,
        enrichment: Enrichment,
    ) -> PortResult<Disposition> {
        if self.deliver_canary {
            let composed = compose(event.redacted, event.interpretation, enrichment);
            self.publish(composed, event.message, Vec::new()).await?;
        }
        for id in [LAST_SYNTHETIC, event.id()] {
            let kept_until = self.now() + ID_RETENTION;
            self.ports.ledger.record(DeliveryRecord::id(id, kept_until)).await?;
        }
        telemetry::synthetic_arrived(event, self.now());
        Ok(Disposition::Delivered)
    }
}

/// Returns the time since the last synthetic event arrived and records it as the metric `CanaryAge`;
/// `None` if none arrived in the last 30 days.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn canary_age(
    ledger: &impl Ledger,
    now: OffsetDateTime,
) -> PortResult<Option<time::Duration>> {
    let known = ledger.known(&[LAST_SYNTHETIC.to_owned()]).await?;
    let age = known.get(LAST_SYNTHETIC).map(|kept_until| now - (*kept_until - ID_RETENTION));
    if let Some(age) = age {
        telemetry::canary_age(age);
    }
    Ok(age)
}
