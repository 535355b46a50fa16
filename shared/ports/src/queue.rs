use std::future::Future;
use std::time::Duration;

use envelope::{CertificateEvent, Envelope, Provider};
use time::OffsetDateTime;

use crate::{DeliveryRecord, Ledger, PortResult};

/// An envelope on its way to the events queue.
#[derive(Clone)]
pub struct Outgoing {
    pub provider: Provider,
    /// The envelope's `type`.
    pub kind: String,
    /// Fair-queue group: provider and order or hostname, in at most 128 characters.
    pub group: String,
    /// The envelope as JSON.
    pub body: String,
    /// When the webhook endpoint received the event; `None` where the envelope does not say so.
    pub received: Option<OffsetDateTime>,
    /// Time until the message becomes visible: whole seconds, at most 15 minutes.
    pub delay: Duration,
    /// Time after which no copy may be kept. Only for an ownership challenge, which holds a token.
    pub expires: Option<OffsetDateTime>,
}

/// The internal queue between webhook endpoint and worker.
pub trait EventsQueue: Send + Sync + 'static {
    /// Sends messages: for the webhook endpoint the events of one request, for the worker an event
    /// that is requeued. `Ok` means that every message is durably on the queue. After an error some
    /// of them may be. Sending them again is safe, since the ledger knows their ids.
    fn send(&self, messages: Vec<Outgoing>) -> impl Future<Output = PortResult<()>> + Send;

    /// Ends the delays of this provider's messages, whose cause is gone. A queue that cannot do that
    /// does nothing: no delay is longer than 15 minutes.
    fn make_due(&self, _provider: Provider) -> impl Future<Output = PortResult<()>> + Send {
        async { Ok(()) }
    }
}

/// A certificate event on its way to consumers, with the attributes that they can filter by before
/// parsing.
#[derive(Clone)]
pub struct Delivery {
    pub id: String,
    pub kind: String,
    pub provider: Provider,
    pub subject: String,
    /// Fair-queue group: the source of the event, or its hash.
    pub group: String,
    /// The certificate event as JSON.
    pub body: String,
}

/// The deliveries queue: the public one, which consumers read; or what passes events on to it.
pub trait Deliveries: Send + Sync + 'static {
    /// The largest body of a delivery, in bytes. What is larger is offloaded to the archive.
    fn body_limit(&self) -> Option<usize> {
        None
    }

    /// Sends an event that is complete. Called again with the same id after a crash.
    fn publish(&self, delivery: Delivery) -> impl Future<Output = PortResult<()>> + Send;

    /// Sends an event, and only then stores its records in the ledger. A queue that is in one store with
    /// the ledger does it all or nothing.
    fn publish_recorded(
        &self,
        delivery: Delivery,
        ledger: &impl Ledger,
        records: Vec<DeliveryRecord>,
    ) -> impl Future<Output = PortResult<()>> + Send {
        async move {
            self.publish(delivery).await?;
            for record in records {
                ledger.record(record).await?;
            }
            Ok(())
        }
    }
}

impl Outgoing {
    /// A message without delay and expiry.
    ///
    /// # Errors
    /// Only when the envelope cannot be written as JSON (a year beyond 9999).
    pub fn new(envelope: &Envelope, provider: Provider, group: String) -> PortResult<Self> {
        let body = serde_json::to_string(envelope)
            .map_err(|error| crate::PortError(format!("envelope {}: {error}", envelope.id)))?;
        Ok(Self {
            provider,
            kind: envelope.kind.clone(),
            group,
            body,
            received: Some(envelope.receivedtime),
            delay: Duration::ZERO,
            expires: None,
        })
    }
}

impl Delivery {
    /// The delivery of an event.
    ///
    /// # Errors
    /// Only when the event cannot be written as JSON (a year beyond 9999).
    pub fn new(event: &CertificateEvent) -> PortResult<Self> {
        let body = serde_json::to_string(event)
            .map_err(|error| crate::PortError(format!("event {}: {error}", event.id)))?;
        Ok(Self {
            id: event.id.clone(),
            kind: event.kind.clone(),
            provider: event.data.provider,
            subject: event.subject.clone(),
            group: event.source.clone(),
            body,
        })
    }
}
