use ports::{Archive, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource};
use time::{Duration, OffsetDateTime};

use crate::compose::compose;
use crate::deliver::KEPT;
use crate::enrichment::Enrichment;
use crate::process::{Disposition, Event, Worker};
use crate::telemetry;

/// Stands in the ledger for the canary that arrived last; no event has such an id.
const LAST: &str = "certhooks/canary/last";

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// At the end of its way: to consumers only if they ask for it (`DELIVER_CANARY`).
    pub(crate) async fn canary(
        &self,
        event: &Event<'_>,
        enrichment: Enrichment,
    ) -> PortResult<Disposition> {
        if self.deliver_canary {
            self.publish(compose(event.redacted, event.interpretation, enrichment)).await?;
        }
        let now = self.now();
        for id in [LAST, &event.envelope.id] {
            self.ports.ledger.record(DeliveryRecord::id(id, now + KEPT)).await?;
        }
        telemetry::canary(event.interpretation.provider, event.envelope, now);
        Ok(Disposition::Delivered)
    }
}

/// How long ago a canary arrived, and a metric (`CanaryAge`) of it; `None` if none did in 30 days.
///
/// # Errors
/// As the ledger's.
pub async fn canary_age(ledger: &impl Ledger, now: OffsetDateTime) -> PortResult<Option<Duration>> {
    let known = ledger.known(&[LAST.to_owned()]).await?;
    let age = known.get(LAST).map(|kept_until| now - (*kept_until - KEPT));
    if let Some(age) = age {
        telemetry::canary_age(age);
    }
    Ok(age)
}
