//! The way of one message through the worker, top down: claim, archive, enrich, deliver, record; or
//! requeue.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certificate::Report;
use envelope::{CertificateEvent, CloudEvent, Code, Envelope, EventType, Outcome, Provider};
use futures_util::FutureExt;
use ports::{
    Archive, CertificateState, Claim, DeliveredResult, Deliveries, Delivery, DeliveryRecord,
    EventsQueue, HistoryRecord, Ledger, Ordering, Outgoing, PortError, PortResult, SecretSource,
    Stages,
};
use providers::envelope_builder::fair_queue_group;
use providers::lifecycle::Lifecycle;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::compose::{Redacted, compose};
use crate::correlation::correlate;
use crate::newer::{AnyVersion, is_newer};
use crate::offload::offload;
use crate::repeat::{Repeat, distinguishing_hash};
use crate::types::{
    Disposition, Enriched, Enrichment, Event, FailureKind, QueueMessage, Retry, RetryReason,
};
use crate::worker::{Ports, Worker};
use crate::{history, telemetry};

/// How long the ledger keeps the id of a delivered event. This is longer than any queue keeps a message,
/// any provider sends one again, or any reconciliation looks back.
pub(crate) const ID_RETENTION: time::Duration = time::Duration::days(120);
/// The delay of a copy whose event another worker has claimed: about the time of a call-back. The end
/// of the lease may come sooner.
const COPY_DELAY: Duration = Duration::from_secs(5);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Processes the messages of a batch concurrently. The dispositions come in the order of the
    /// messages; a panic in one message fails that one only.
    pub async fn process_batch(self: &Arc<Self>, messages: Vec<QueueMessage>) -> Vec<Disposition> {
        let mut tasks = Vec::with_capacity(messages.len());
        for message in messages {
            let worker = Arc::clone(self);
            tasks.push(tokio::spawn(async move { worker.process_caught(&message).await }));
            // Begun messages go on before the next one begins, so that the first call-backs are answered
            // while the last messages are still claimed. All at once would first claim all.
            tokio::task::yield_now().await;
        }
        let mut dispositions = Vec::with_capacity(tasks.len());
        for task in tasks {
            dispositions.push(task.await.unwrap_or(Disposition::Unacknowledged));
        }
        dispositions
    }

    /// Processes one message, and outlives a panic in it.
    pub async fn process_caught(&self, message: &QueueMessage) -> Disposition {
        // The panic hook has logged where it was, and does not know which message.
        let caught = AssertUnwindSafe(self.process(message)).catch_unwind().await;
        caught.unwrap_or_else(|_panic| unacknowledged(message, &PortError("panic".into())))
    }

    /// Processes one message.
    pub async fn process(&self, message: &QueueMessage) -> Disposition {
        let processed = match parse(&message.body) {
            Ok(envelope) if !is_newer(&envelope.dataschema) => {
                let envelope = self.apis.without_personal_data(envelope);
                self.interpret(message, &envelope).await
            }
            // A newer version may lack members of this one, or have other ones.
            parsed => match AnyVersion::newer(&message.body) {
                Some(newer) => self.send_back(newer, message).await,
                None => Err(parsed.err().unwrap_or_else(|| PortError("unknown version".into()))),
            },
        };
        processed.unwrap_or_else(|error| unacknowledged(message, &error))
    }

    async fn interpret(
        &self,
        message: &QueueMessage,
        envelope: &Envelope,
    ) -> PortResult<Disposition> {
        let redacted = Redacted::of(envelope);
        let row = self.apis.row(&redacted.envelope);
        let profile = row.ok_or_else(|| PortError("unknown event source".into()))?;
        let interpretation = profile.interpretation_of(&redacted.envelope);
        if let Some(challenge) = &interpretation.challenge {
            return self
                .store_challenge(message, envelope, interpretation.provider, challenge)
                .await;
        }
        self.claim(Event {
            profile,
            envelope,
            redacted: &redacted,
            disputed_leaf: None,
            interpretation: &interpretation,
            message,
            began: Instant::now(),
            taken: self.now(),
        })
        .await
    }

    async fn claim(&self, event: Event<'_>) -> PortResult<Disposition> {
        let until = self.now() + self.lease;
        match self.ports.ledger.claim(event.id(), &event.message.receipt, until).await? {
            Claim::Granted => self.claimed(&event).await,
            Claim::Recorded(delivered) => self.claim_repeat(event, delivered).await,
            Claim::Held { until } => self.requeue_copy(&event, until).await,
        }
    }

    /// An event with this id was delivered before. What is new in it is delivered under an id of its own.
    async fn claim_repeat(
        &self,
        event: Event<'_>,
        delivered: Option<DeliveredResult>,
    ) -> PortResult<Disposition> {
        let included = self.included(event.interpretation).filter(Report::is_whole);
        let leaf = included.as_ref().and_then(|report| report.certificates.first());
        let leaf = leaf.and_then(|leaf| distinguishing_hash(event.interpretation.kind, leaf));
        let (redacted, disputed_leaf) = match Repeat::of(event.envelope, delivered, leaf) {
            Repeat::Duplicate => return Ok(duplicate(&event)),
            Repeat::Again { id } => (event.redacted.repeat(id, false), None),
            Repeat::Conflict { id, delivered_leaf } => {
                (event.redacted.repeat(id, true), Some(delivered_leaf))
            }
        };
        let event = Event { redacted: &redacted, disputed_leaf: disputed_leaf.as_deref(), ..event };
        let until = self.now() + self.lease;
        match self.ports.ledger.claim(event.id(), &event.message.receipt, until).await? {
            Claim::Granted => self.claimed(&event).await,
            Claim::Recorded(_) => Ok(duplicate(&event)),
            Claim::Held { until } => self.requeue_copy(&event, until).await,
        }
    }

    /// The work on an event that nobody else works on.
    async fn claimed(&self, event: &Event<'_>) -> PortResult<Disposition> {
        let worked = async {
            self.archive(event).await?;
            match self.enrich(event).await? {
                Enriched::Complete(enrichment)
                    if event.interpretation.kind == EventType::Canary =>
                {
                    self.end_synthetic(event, *enrichment).await
                }
                Enriched::Complete(enrichment) if is_refuted(event, &enrichment) => {
                    self.refuse(event, &enrichment).await
                }
                Enriched::Complete(enrichment) => self.deliver(event, *enrichment).await,
                Enriched::Emitted { new, known, problems } => {
                    telemetry::emitted(event, new, known, &problems);
                    let record = self.record_of(event, Outcome::Queried, None, None);
                    self.ports.ledger.record(record).await?;
                    Ok(if new > 0 { Disposition::Delivered } else { Disposition::Duplicate })
                }
                Enriched::Retry(retry) => self.requeue(event, &retry).await,
            }
        };
        let disposition = worked.await;
        if disposition.is_err() {
            // Without this, the redelivered message could still meet our own lease.
            let _lease_ends_anyway =
                self.ports.ledger.release(event.id(), &event.message.receipt).await;
        }
        disposition
    }

    /// Archives the envelope as it was received, but for private keys, before its first call-back.
    async fn archive(&self, event: &Event<'_>) -> PortResult<()> {
        if event.envelope.attempts > 0 || event.envelope.holds > 0 {
            return Ok(());
        }
        let envelope = &event.redacted.envelope;
        let body = serde_json::to_vec(envelope)
            .map_err(|error| PortError(format!("envelope {}: {error}", envelope.id)))?;
        self.ports.archive.put(&archive_key(envelope)?, body).await?;
        Ok(())
    }

    /// Advances the state, compares with what the logs show, publishes, and records. A crash between any
    /// two of these repeats the event; the repeat has the same rank as the state, so it is not stale.
    async fn deliver(&self, event: &Event<'_>, enrichment: Enrichment) -> PortResult<Disposition> {
        telemetry::called_back(event, &enrichment.callback);
        if event.disputed_leaf.is_some() {
            telemetry::conflict(event, true);
        }
        let outcome = enrichment.callback.outcome;
        let stages = stages(event, &enrichment);
        let is_doubtful = is_doubtful(event, &enrichment);
        let leaf = enrichment.leaf(event.interpretation.kind).map(str::to_owned);
        let lifecycle = event.profile.lifecycle_of(&event.redacted.envelope, event.interpretation);
        let advancing = lifecycle.as_ref().filter(|_| !is_doubtful);
        let mut composed = compose(event.redacted, event.interpretation, enrichment);
        let correlated = async {
            if is_doubtful || composed.replayed == Some(true) {
                return Ok(());
            }
            let Ports { events, ledger, .. } = &self.ports;
            let issuer = &event.interpretation.issuer;
            correlate(events, ledger, &composed, issuer, self.ct_grace, self.now()).await
        };
        // Neither needs what the other finds.
        let (ordering, ()) = tokio::try_join!(self.advance(advancing, &composed), correlated)?;
        if ordering == Ordering::Stale {
            composed.ordering = Some(CertificateEvent::STALE.to_owned());
            telemetry::stale(&composed, event.message);
        }
        let max_leaves = event.profile.leaves;
        let history = lifecycle
            .and_then(|it| history::history_record(it, &composed, max_leaves, stages, self.now()));
        let other = self.apis.other_id(event);
        let other = other.map(|id| DeliveryRecord::id(id, self.now() + ID_RETENTION));
        let own = self.record_of(event, outcome, leaf, history);
        let records = other.into_iter().chain([own]).collect();
        self.publish(composed, event.message, records).await?;
        Ok(Disposition::Delivered)
    }

    /// The provider's own record refutes what a repeat came with. It is in the archive, and is delivered
    /// to nobody.
    async fn refuse(&self, event: &Event<'_>, enrichment: &Enrichment) -> PortResult<Disposition> {
        telemetry::called_back(event, &enrichment.callback);
        telemetry::conflict(event, false);
        let record = self.record_of(event, enrichment.callback.outcome, None, None);
        self.ports.ledger.record(record).await?;
        Ok(Disposition::Duplicate)
    }

    /// Advances the certificate's state to this event, unless the event is stale.
    async fn advance(
        &self,
        lifecycle: Option<&Lifecycle>,
        event: &CertificateEvent,
    ) -> PortResult<Ordering> {
        let Some((lifecycle, rank)) = lifecycle.and_then(|it| Some((it, it.rank?))) else {
            return Ok(Ordering::Current);
        };
        let state = CertificateState {
            certificate: lifecycle.certificate.clone(),
            rank,
            kind: event.kind.clone(),
            id: event.id.clone(),
            time: event.time,
            kept_until: self.now() + history::STATE_RETENTION,
        };
        self.ports.ledger.advance(state).await
    }

    /// Publishes an event, and then stores what the ledger is to know of it.
    pub(crate) async fn publish(
        &self,
        mut event: CertificateEvent,
        message: &QueueMessage,
        records: Vec<DeliveryRecord>,
    ) -> PortResult<()> {
        let Ports { archive, deliveries, ledger, .. } = &self.ports;
        let delivery = offload(archive, &mut event, deliveries.body_limit()).await?;
        let delivery = Delivery { group: fair_queue_group(&event.source), ..delivery };
        deliveries.publish_recorded(delivery, ledger, records).await?;
        telemetry::delivered(&event, message, self.now());
        Ok(())
    }

    /// What was delivered, by which a repeat is distinguished from a copy.
    fn record_of(
        &self,
        event: &Event<'_>,
        outcome: Outcome,
        leaf: Option<String>,
        history: Option<HistoryRecord>,
    ) -> DeliveryRecord {
        let received = event.envelope.receivedtime;
        let (id, kept_until) = (event.id().to_owned(), self.now() + ID_RETENTION);
        let result = Some(DeliveredResult { received, outcome, leaf });
        DeliveryRecord { id, kept_until, result, history }
    }

    /// Sends the event to the queue again and releases the claim; the caller then acknowledges the
    /// message. A crash between any two of these repeats the event and loses nothing.
    async fn requeue(&self, event: &Event<'_>, retry: &Retry) -> PortResult<Disposition> {
        let Event { envelope, interpretation, message, .. } = *event;
        self.send_again(&as_requeued(envelope, retry), interpretation.provider, retry.delay)
            .await?;
        self.ports.ledger.release(event.id(), &message.receipt).await?;
        telemetry::requeued(event, retry);
        telemetry::waiting(envelope.receivedtime, self.now());
        Ok(Disposition::Requeued)
    }

    /// Requeues a copy while another worker holds the claim. A copy that is not acknowledged would wait
    /// for its visibility timeout and come one receive nearer to the dead-letter queue, although
    /// nothing is wrong with it.
    async fn requeue_copy(
        &self,
        event: &Event<'_>,
        until: OffsetDateTime,
    ) -> PortResult<Disposition> {
        let lease = Duration::try_from(until - self.now()).unwrap_or_default();
        let delay = lease.clamp(Duration::from_secs(1), COPY_DELAY);
        self.send_again(event.envelope, event.interpretation.provider, delay).await?;
        telemetry::claimed_elsewhere(event);
        Ok(Disposition::Requeued)
    }

    async fn send_again(
        &self,
        envelope: &Envelope,
        provider: Provider,
        delay: Duration,
    ) -> PortResult<()> {
        let group = fair_queue_group(&envelope.source);
        let message = Outgoing::new(envelope, provider, group)?;
        self.ports.events.send(vec![Outgoing { delay, ..message }]).await
    }
}

fn duplicate(event: &Event<'_>) -> Disposition {
    telemetry::duplicate(event);
    Disposition::Duplicate
}

fn unacknowledged(message: &QueueMessage, error: &PortError) -> Disposition {
    telemetry::unacknowledged(message, error);
    Disposition::Unacknowledged
}

/// When the stages of an event ended.
fn stages(event: &Event<'_>, enrichment: &Enrichment) -> Stages {
    let after = |at: OffsetDateTime| {
        let millis = (at - event.envelope.receivedtime).whole_milliseconds();
        u64::try_from(millis).unwrap_or_default()
    };
    Stages {
        queued_ms: after(event.taken),
        called_back_ms: after(enrichment.called_back),
        checked_ms: after(enrichment.checked),
    }
}

/// Whether the provider's record contradicts the event, or nobody can decide. It is then no later state of
/// the certificate.
fn is_doubtful(event: &Event<'_>, enrichment: &Enrichment) -> bool {
    let is_record = enrichment.callback.outcome == Outcome::Downloaded;
    enrichment.is_contradicted || (event.disputed_leaf.is_some() && !is_record)
}

/// Whether the provider's own record refutes the certificate of a repeat: it is still the one that was
/// delivered, or it is none.
fn is_refuted(event: &Event<'_>, enrichment: &Enrichment) -> bool {
    let is_record = enrichment.callback.outcome == Outcome::Downloaded;
    let kind = event.interpretation.kind;
    event.disputed_leaf.is_some_and(|leaf| is_record && enrichment.leaf(kind) == Some(leaf))
        || event.disputed_leaf.is_some()
            && enrichment.checks.confirmed.code == Code::NotFound.as_str()
}

/// Parses an envelope. The parser's own message is dropped, because it may quote the event.
fn parse(body: &str) -> PortResult<Envelope> {
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        PortError(format!("the message is not an envelope: error at line {line}, column {column}"))
    })
}

/// The archive key `provider/yyyy/mm/dd/id`, with the day of receipt in UTC.
pub(crate) fn archive_key<T>(event: &CloudEvent<T>) -> PortResult<String> {
    let failure = |problem: &str| PortError(format!("event {}: {problem}", event.id));
    let provider = event.source.split('/').nth(1).ok_or_else(|| failure("unknown event source"))?;
    let day = event
        .receivedtime
        .to_offset(UtcOffset::UTC)
        .format(format_description!("[year]/[month]/[day]"))
        .map_err(|_| failure("receivedtime cannot be formatted"))?;
    Ok(format!("{provider}/{day}/{}", event.id.replace('/', ".")))
}

/// A requeued envelope is the received one with higher counts, and with what was done of its work.
fn as_requeued(envelope: &Envelope, retry: &Retry) -> Envelope {
    let reason = retry.reason;
    let is_attempt = matches!(reason, RetryReason::Failure(..));
    let is_bad = matches!(reason, RetryReason::Failure(_, FailureKind::BadCertificate));
    let is_hold = matches!(reason, RetryReason::Held);
    Envelope {
        attempts: envelope.attempts.saturating_add(u32::from(is_attempt)),
        badcertificates: envelope.badcertificates.saturating_add(u32::from(is_bad)),
        holds: envelope.holds.saturating_add(u32::from(is_hold)),
        retryreason: Some(reason.as_str().to_owned()),
        progress: retry.progress.clone(),
        ..envelope.clone()
    }
}
