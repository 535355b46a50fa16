use std::sync::Arc;
use std::time::{Duration, Instant};

use envelope::{Envelope, EventType};
use ports::{
    Archive, Claim, Deliveries, EventsQueue, Ledger, PortError, PortResult, Recorded, SecretSource,
};
use providers::dispatch;
use providers::interpretation::{Interpretation, Plan};
use time::OffsetDateTime;

use crate::apis::Apis;
use crate::clock::Machine;
use crate::compose::Redacted;
use crate::deliver::KEPT;
use crate::enrichment::CallContext;
use crate::observe::Observed;
use crate::{Clock, Settings, telemetry};

/// One message of the events queue.
#[derive(Clone, Debug)]
pub struct Record {
    /// Tells this receipt of the message from any other.
    pub receipt: String,
    pub body: String,
    /// When the worker must have given the message back.
    pub deadline: Option<Instant>,
}

/// What became of the message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Disposition {
    /// A challenge: its token waits for the operator, or was used (`DIGICERT_AUTO_VERIFY`).
    ChallengeStored,
    Delivered,
    /// Nothing to deliver: delivered before, or a challenge that came too late.
    Duplicate,
    /// Our own fault: leave it to the queue's receive count.
    Unacknowledged,
    /// On the queue again, for later: the provider is in trouble, or another worker has it.
    Requeued,
}

impl Disposition {
    /// Whether the queue may forget the message.
    pub fn is_done(self) -> bool {
        self != Self::Unacknowledged
    }
}

/// What the worker needs of its surroundings.
pub struct Ports<Q, D, L, A> {
    pub events: Q,
    pub deliveries: D,
    pub ledger: L,
    pub archive: A,
}

/// The API credentials; a provider without one is not called back.
#[derive(Clone)]
pub struct Keys<S> {
    pub digicert: Option<S>,
    pub cloudflare: Option<S>,
    pub meta: Option<S>,
}

pub struct Worker<Q, D, L, A, S> {
    pub(crate) ports: Ports<Q, D, L, A>,
    pub(crate) apis: Apis<S>,
    pub(crate) lease: Duration,
    pub(crate) auto_verify: bool,
    pub(crate) deliver_canary: bool,
    clock: Arc<dyn Clock>,
}

/// An envelope under way.
pub(crate) struct Event<'a> {
    /// As it came: this is what goes back onto the queue.
    pub(crate) envelope: &'a Envelope,
    pub(crate) redacted: &'a Redacted,
    pub(crate) interpretation: &'a Interpretation,
    pub(crate) receipt: &'a str,
    deadline: Option<Instant>,
}

impl Event<'_> {
    /// A long search stops in time and goes on in a later receipt.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, D, L, A>, keys: Keys<S>) -> PortResult<Self> {
        Self::with_clock(settings, ports, keys, Arc::new(Machine))
    }

    /// One that takes its time from `clock`.
    ///
    /// # Errors
    /// As [`Worker::new`].
    pub fn with_clock(
        settings: &Settings,
        ports: Ports<Q, D, L, A>,
        keys: Keys<S>,
        clock: Arc<dyn Clock>,
    ) -> PortResult<Self> {
        let apis = Apis::new(settings, keys, &clock)
            .map_err(|error| PortError(format!("the HTTP client did not start: {error}")))?;
        let Settings { lease, digicert_auto_verify: auto_verify, deliver_canary, .. } = *settings;
        Ok(Self { ports, apis, lease, auto_verify, deliver_canary, clock })
    }

    /// The records of a batch side by side; a panic in one fails that one only.
    pub async fn process_batch(self: &Arc<Self>, records: Vec<Record>) -> Vec<Disposition> {
        let tasks: Vec<_> = records
            .into_iter()
            .map(|record| {
                let worker = Arc::clone(self);
                tokio::spawn(async move { worker.process(record).await })
            })
            .collect();
        let mut dispositions = Vec::with_capacity(tasks.len());
        for task in tasks {
            // The panic's message may quote what it choked on, so it is not repeated.
            dispositions.push(task.await.unwrap_or_else(|_panic| {
                tracing::error!("a record's processing panicked; it is left to the queue");
                Disposition::Unacknowledged
            }));
        }
        dispositions
    }

    /// One record alone.
    pub async fn process(&self, record: Record) -> Disposition {
        match self.fulfil(&record).await {
            Ok(disposition) => disposition,
            Err(error) => {
                tracing::error!("{error}; the message is left to the queue");
                Disposition::Unacknowledged
            }
        }
    }

    async fn fulfil(&self, record: &Record) -> PortResult<Disposition> {
        let envelope = envelope(&record.body)?;
        if let Some(challenge) = dispatch::challenge(&envelope) {
            return self.keep(&envelope, challenge).await;
        }
        let redacted = Redacted::of(&envelope);
        let interpretation = dispatch::interpret(&redacted.envelope).ok_or_else(|| {
            PortError(format!("envelope {}: its source is none of ours", envelope.id))
        })?;
        let until = self.now() + self.lease;
        match self.ports.ledger.claim(&envelope.id, &record.receipt, until).await? {
            Claim::Granted => {}
            Claim::Recorded => {
                telemetry::duplicate(interpretation.provider, &envelope);
                return Ok(Disposition::Duplicate);
            }
            Claim::Held { until } => {
                self.wait_for_holder(&envelope, &interpretation, until).await?;
                telemetry::held(interpretation.provider, &envelope);
                return Ok(Disposition::Requeued);
            }
        }
        let event = Event {
            envelope: &envelope,
            redacted: &redacted,
            interpretation: &interpretation,
            receipt: &record.receipt,
            deadline: record.deadline,
        };
        let disposition = self.archive_and_complete(&event).await;
        if disposition.is_err() {
            // Else the message, back after its visibility timeout, could meet our own lease.
            let _lease_ends_anyway = self.ports.ledger.release(&envelope.id, &record.receipt).await;
        }
        disposition
    }

    async fn archive_and_complete(&self, event: &Event<'_>) -> PortResult<Disposition> {
        if event.envelope.attempts == 0 && event.envelope.holds == 0 {
            self.archive(&event.redacted.envelope).await?;
        }
        self.complete(event).await
    }

    /// Call-back, delivery, record; or back onto the queue.
    async fn complete(&self, event: &Event<'_>) -> PortResult<Disposition> {
        let began = Instant::now();
        let context = CallContext { envelope: event.envelope, now: self.now() };
        let found = match &event.interpretation.plan {
            Plan::Observed { certificate_id } if !self.apis.meta.is_disabled() => {
                match self.observe(event, certificate_id.as_deref(), context).await? {
                    Ok(Observed::Delivered { new, known }) => {
                        telemetry::searched(
                            event.interpretation.provider,
                            event.envelope,
                            (new, known),
                            began,
                        );
                        let recorded = Recorded::id(&event.envelope.id, self.now() + KEPT);
                        self.ports.ledger.record(recorded).await?;
                        return Ok(if new > 0 {
                            Disposition::Delivered
                        } else {
                            Disposition::Duplicate
                        });
                    }
                    Ok(Observed::Nothing(found)) => Ok(*found),
                    Err(retry) => Err(retry),
                }
            }
            _ => self.apis.ask(event.interpretation, context).await?,
        };
        match found {
            Ok(found) if event.interpretation.kind == EventType::Canary => {
                self.canary(event, found).await
            }
            Ok(found) => self.deliver(event, found, began).await,
            Err(retry) => self.requeue(event, retry, began).await,
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

/// The parser's own text is dropped: it may quote the message.
fn envelope(body: &str) -> PortResult<Envelope> {
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        PortError(format!(
            "a message of the events queue is no envelope: see its line {line}, column {column}"
        ))
    })
}
