use std::time::{Duration, Instant};

use envelope::Envelope;
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::fair_queue;
use providers::interpretation::Interpretation;
use time::OffsetDateTime;

use crate::decide::FailureKind;
use crate::enrichment::{Retry, RetryReason};
use crate::telemetry;
use crate::worker::{Disposition, Event, Worker};

/// The delay of a copy whose event another worker has claimed: about the time of a call-back. The end
/// of the lease may come sooner.
const COPY_DELAY: Duration = Duration::from_secs(5);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Sends the event to the queue again and releases the claim; the caller then acknowledges the
    /// message. A crash between any two of these repeats the event and loses nothing.
    pub(crate) async fn requeue(
        &self,
        event: &Event<'_>,
        retry: Retry,
        began: Instant,
    ) -> PortResult<Disposition> {
        let Event { envelope, interpretation, receipt, .. } = *event;
        self.send_again(&with_counts(envelope, retry.reason), interpretation, retry.delay).await?;
        self.ports.ledger.release(&envelope.id, receipt).await?;
        telemetry::requeued(interpretation.provider, envelope, &retry, began);
        Ok(Disposition::Requeued)
    }

    /// Requeues a copy while another worker holds the claim. A copy that is not acknowledged would wait
    /// for its visibility timeout and come one receive nearer to the dead-letter queue, although
    /// nothing is wrong with it.
    pub(crate) async fn requeue_for_holder(
        &self,
        envelope: &Envelope,
        interpretation: &Interpretation,
        until: OffsetDateTime,
    ) -> PortResult<()> {
        let lease = Duration::try_from(until - self.now()).unwrap_or_default();
        let delay = lease.clamp(Duration::from_secs(1), COPY_DELAY);
        self.send_again(envelope, interpretation, delay).await
    }

    async fn send_again(
        &self,
        envelope: &Envelope,
        interpretation: &Interpretation,
        delay: Duration,
    ) -> PortResult<()> {
        let group = fair_queue::group(envelope, interpretation);
        let message = Outgoing::new(envelope, interpretation.provider, group)?;
        self.ports.events.send(vec![Outgoing { delay, ..message }]).await
    }
}

/// A requeued envelope is the received one with higher counts.
fn with_counts(envelope: &Envelope, reason: RetryReason) -> Envelope {
    let is_attempt = matches!(reason, RetryReason::Failure(..));
    let is_bad_certificate = matches!(reason, RetryReason::Failure(_, FailureKind::BadCertificate));
    let is_hold = matches!(reason, RetryReason::Held);
    Envelope {
        attempts: envelope.attempts.saturating_add(u32::from(is_attempt)),
        badcertificates: envelope.badcertificates.saturating_add(u32::from(is_bad_certificate)),
        holds: envelope.holds.saturating_add(u32::from(is_hold)),
        ..envelope.clone()
    }
}
