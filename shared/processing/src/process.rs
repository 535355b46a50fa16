use std::sync::Arc;
use std::time::Instant;

use envelope::{Envelope, EventType};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortError, PortResult,
    SecretSource,
};
use providers::dispatch;
use providers::interpretation::Plan;

use crate::compose::Redacted;
use crate::deliver::ID_RETENTION;
use crate::enrichment::CallContext;
use crate::observe::SearchResult;
use crate::telemetry;
use crate::worker::{Disposition, Event, QueueMessage, Worker};

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Processes the messages of a batch concurrently. The dispositions come in the order of the
    /// messages; a panic in one message fails that one only.
    pub async fn process_batch(self: &Arc<Self>, messages: Vec<QueueMessage>) -> Vec<Disposition> {
        let tasks: Vec<_> = messages
            .into_iter()
            .map(|message| {
                let worker = Arc::clone(self);
                tokio::spawn(async move { worker.process(message).await })
            })
            .collect();
        let mut dispositions = Vec::with_capacity(tasks.len());
        for task in tasks {
            // The panic hook has logged it already.
            dispositions.push(task.await.unwrap_or(Disposition::Unacknowledged));
        }
        dispositions
    }

    /// Processes one message.
    pub async fn process(&self, message: QueueMessage) -> Disposition {
        let envelope = match parse(&message.body) {
            Ok(envelope) => envelope,
            Err(error) => {
                telemetry::unacknowledged(None, &error);
                return Disposition::Unacknowledged;
            }
        };
        self.process_envelope(&message, &envelope).await.unwrap_or_else(|error| {
            telemetry::unacknowledged(Some(&envelope), &error);
            Disposition::Unacknowledged
        })
    }

    async fn process_envelope(
        &self,
        message: &QueueMessage,
        envelope: &Envelope,
    ) -> PortResult<Disposition> {
        if let Some(challenge) = dispatch::challenge(envelope) {
            return self.store_challenge(envelope, challenge).await;
        }
        let redacted = Redacted::of(envelope);
        let interpretation = dispatch::interpret(&redacted.envelope)
            .ok_or_else(|| PortError("unknown event source".into()))?;
        let until = self.now() + self.lease;
        match self.ports.ledger.claim(&envelope.id, &message.receipt, until).await? {
            Claim::Granted => {}
            Claim::Recorded => {
                telemetry::duplicate(interpretation.provider, envelope);
                return Ok(Disposition::Duplicate);
            }
            Claim::Held { until } => {
                self.requeue_for_holder(envelope, &interpretation, until).await?;
                telemetry::claimed_elsewhere(interpretation.provider, envelope);
                return Ok(Disposition::Requeued);
            }
        }
        let event = Event {
            envelope,
            redacted: &redacted,
            interpretation: &interpretation,
            receipt: &message.receipt,
            deadline: message.deadline,
        };
        let disposition = self.archive_and_complete(&event).await;
        if disposition.is_err() {
            // Without this, the redelivered message could still meet our own lease.
            let _lease_ends_anyway =
                self.ports.ledger.release(&envelope.id, &message.receipt).await;
        }
        disposition
    }

    async fn archive_and_complete(&self, event: &Event<'_>) -> PortResult<Disposition> {
        if event.envelope.attempts == 0 && event.envelope.holds == 0 {
            self.archive(&event.redacted.envelope).await?;
        }
        self.complete(event).await
    }

    /// Makes the call-back, then delivers and records the event, or requeues it.
    async fn complete(&self, event: &Event<'_>) -> PortResult<Disposition> {
        let began = Instant::now();
        let context = CallContext { envelope: event.envelope, now: self.now() };
        let enrichment = match &event.interpretation.plan {
            Plan::Observed { certificate_id } if !self.apis.meta.is_disabled() => {
                match self.observe(event, certificate_id.as_deref(), context).await? {
                    Ok(SearchResult::Delivered { new, known }) => {
                        telemetry::searched(
                            event.interpretation.provider,
                            event.envelope,
                            (new, known),
                            began,
                        );
                        let record =
                            DeliveryRecord::id(&event.envelope.id, self.now() + ID_RETENTION);
                        self.ports.ledger.record(record).await?;
                        return Ok(if new > 0 {
                            Disposition::Delivered
                        } else {
                            Disposition::Duplicate
                        });
                    }
                    Ok(SearchResult::Empty(enrichment)) => Ok(*enrichment),
                    Err(retry) => Err(retry),
                }
            }
            _ => self.apis.enrich(event.interpretation, context).await?,
        };
        match enrichment {
            Ok(enrichment) if event.interpretation.kind == EventType::Canary => {
                self.end_synthetic(event, enrichment).await
            }
            Ok(enrichment) => self.deliver(event, enrichment, began).await,
            Err(retry) => self.requeue(event, retry, began).await,
        }
    }
}

/// Parses an envelope. The parser's own message is dropped, because it may quote the event.
fn parse(body: &str) -> PortResult<Envelope> {
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        PortError(format!("the message is not an envelope: error at line {line}, column {column}"))
    })
}
