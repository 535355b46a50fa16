use std::time::Instant;

use envelope::CertificateEvent;
use ports::{
    Archive, CertificateState, Deliveries, EventsQueue, Ledger, Ordering, PortResult, Recorded,
    SecretSource,
};
use providers::dispatch;
use providers::lifecycle::Lifecycle;
use time::Duration;

use crate::compose::compose;
use crate::enrichment::Enrichment;
use crate::history;
use crate::offload::offload;
use crate::process::{Disposition, Event, Worker};
use crate::telemetry;

/// An id stays known so long after its delivery: longer than any queue or redelivery.
pub(crate) const KEPT: Duration = Duration::days(30);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// State, publication, record: a crash between any two of these repeats the event, and at its own
    /// place it is not older than the state.
    pub(crate) async fn deliver(
        &self,
        event: &Event<'_>,
        enrichment: Enrichment,
        began: Instant,
    ) -> PortResult<Disposition> {
        telemetry::called_back(
            event.interpretation.provider,
            event.envelope,
            &enrichment.callback,
            began,
        );
        let lifecycle = dispatch::lifecycle(&event.redacted.envelope, event.interpretation);
        let composed = compose(event.redacted, event.interpretation, enrichment);
        let composed = self.advance(lifecycle.as_ref(), composed).await?;
        let (id, now) = (event.envelope.id.clone(), self.now());
        let history = lifecycle.and_then(|lifecycle| history::record_of(lifecycle, &composed, now));
        self.publish(composed).await?;
        self.ports.ledger.record(Recorded { id, kept_until: now + KEPT, history }).await?;
        Ok(Disposition::Delivered)
    }

    /// Moves the state of the certificate on to this event, or marks the event as older than it.
    async fn advance(
        &self,
        lifecycle: Option<&Lifecycle>,
        mut event: CertificateEvent,
    ) -> PortResult<CertificateEvent> {
        let Some((lifecycle, rank)) =
            lifecycle.and_then(|lifecycle| Some((lifecycle, lifecycle.rank?)))
        else {
            return Ok(event);
        };
        let state = CertificateState {
            certificate: lifecycle.certificate.clone(),
            rank,
            kind: event.kind.clone(),
            id: event.id.clone(),
            time: event.time,
            kept_until: self.now() + history::KEPT,
        };
        if self.ports.ledger.advance(state).await? == Ordering::Stale {
            event.ordering = Some(CertificateEvent::STALE.to_owned());
            telemetry::stale(&event);
        }
        Ok(event)
    }

    pub(crate) async fn publish(&self, mut event: CertificateEvent) -> PortResult<()> {
        let delivery = offload(&self.ports.archive, &mut event).await?;
        self.ports.deliveries.publish(delivery).await?;
        telemetry::delivered(&event, self.now());
        Ok(())
    }
}
