use std::time::Instant;

use envelope::CertificateEvent;
use ports::{
    Archive, CertificateState, Deliveries, EventsQueue, Ledger, PortResult, Recorded, SecretSource,
    Standing,
};
use providers::life::{Life, life};
use time::Duration;

use crate::asking::Found;
use crate::compose::compose;
use crate::history::{self, told};
use crate::process::{Event, Fate, Worker};
use crate::record;
use crate::shed::shed;

/// An id stays known so long after its delivery: longer than any queue or redelivery.
pub(crate) const KEPT: Duration = Duration::days(30);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// State, publication, record: a crash between any two of these repeats the event, and at its own
    /// place it is not older than the state.
    pub(crate) async fn deliver(
        &self,
        event: &Event<'_>,
        found: Found,
        began: Instant,
    ) -> PortResult<Fate> {
        record::called_back(event.reading.provider, event.envelope, &found.callback, began);
        let life = life(&event.redacted.envelope, event.reading);
        let composed = compose(event.redacted, event.reading, found);
        let composed = self.advance(life.as_ref(), composed).await?;
        let (id, now) = (event.envelope.id.clone(), self.now());
        let told = life.and_then(|life| told(life, &composed, now));
        self.publish(composed).await?;
        self.ports.ledger.record(Recorded { id, kept_until: now + KEPT, told }).await?;
        Ok(Fate::Delivered)
    }

    /// Moves the state of the certificate on to this event, or marks the event as older than it.
    async fn advance(
        &self,
        life: Option<&Life>,
        mut event: CertificateEvent,
    ) -> PortResult<CertificateEvent> {
        let Some((life, place)) = life.and_then(|life| Some((life, life.place?))) else {
            return Ok(event);
        };
        let state = CertificateState {
            certificate: life.certificate.clone(),
            place,
            kind: event.kind.clone(),
            id: event.id.clone(),
            time: event.time,
            kept_until: self.now() + history::KEPT,
        };
        if self.ports.ledger.advance(state).await? == Standing::Stale {
            event.ordering = Some(CertificateEvent::STALE.to_owned());
            record::stale(&event);
        }
        Ok(event)
    }

    pub(crate) async fn publish(&self, mut event: CertificateEvent) -> PortResult<()> {
        let delivery = shed(&self.ports.archive, &mut event).await?;
        self.ports.deliveries.publish(delivery).await?;
        record::delivered(&event, self.now());
        Ok(())
    }
}
