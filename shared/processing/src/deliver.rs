use std::time::Instant;

use envelope::CertificateEvent;
use ports::{
    Archive, CertificateState, Deliveries, DeliveryRecord, EventsQueue, Ledger, Ordering,
    PortResult, SecretSource,
};
use providers::dispatch;
use providers::lifecycle::Lifecycle;
use time::Duration;

use crate::compose::compose;
use crate::enrichment::Enrichment;
use crate::history;
use crate::offload::offload;
use crate::telemetry;
use crate::worker::{Disposition, Event, Worker};

/// How long the ledger keeps the id of a delivered event. This is longer than any queue keeps a
/// message or any provider sends one again.
pub(crate) const ID_RETENTION: Duration = Duration::days(30);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Advances the state, publishes, and records. A crash between any two of these repeats the event;
    /// the repeat has the same rank as the state, so it is not stale.
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
        let history =
            lifecycle.and_then(|lifecycle| history::history_record(lifecycle, &composed, now));
        self.publish(composed).await?;
        self.ports
            .ledger
            .record(DeliveryRecord { id, kept_until: now + ID_RETENTION, history })
            .await?;
        Ok(Disposition::Delivered)
    }

    /// Advances the certificate's state to this event, or marks the event as stale.
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
            kept_until: self.now() + history::STATE_RETENTION,
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
