use std::future::Future;
use std::time::Duration;

use envelope::{CertificateEvent, Envelope, Provider};
use time::OffsetDateTime;

use crate::PortResult;

/// An envelope on its way to the events queue.
#[derive(Clone)]
pub struct Outgoing {
    pub provider: Provider,
    /// The envelope's `type`.
    pub kind: String,
    /// Fair-queue group: provider and order or hostname, 128 characters at most.
    pub group: String,
    /// The envelope as JSON.
    pub body: String,
    /// Invisible for so long, whole seconds, 15 minutes at most.
    pub delay: Duration,
    /// After this moment no copy may be kept (the challenge token of CertCentral).
    pub expires: Option<OffsetDateTime>,
}

/// The internal queue between door and worker.
pub trait EventsQueue: Send + Sync + 'static {
    /// Called by the door for the events of one request, and by the worker to try one again later.
    /// `Ok` means that every message is durably on the queue. After an error some of them may be;
    /// sending them again is safe, since the ledger knows their ids.
    fn send(&self, messages: Vec<Outgoing>) -> impl Future<Output = PortResult<()>> + Send;
}

/// A certificate event on its way to consumers, with the attributes to look at before parsing.
#[derive(Clone)]
pub struct Delivery {
    pub id: String,
    pub kind: String,
    pub provider: Provider,
    pub subject: String,
    /// The certificate event as JSON.
    pub body: String,
}

/// The public queue: the plug.
pub trait Deliveries: Send + Sync + 'static {
    /// Called once an event is complete; called again with the same id after a crash.
    fn publish(&self, delivery: Delivery) -> impl Future<Output = PortResult<()>> + Send;
}

impl Outgoing {
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
            delay: Duration::ZERO,
            expires: None,
        })
    }
}

impl Delivery {
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
            body,
        })
    }
}
