use std::time::{Duration, Instant};

use envelope::Envelope;
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::fair_queue;
use providers::interpretation::Interpretation;
use time::OffsetDateTime;

use crate::decide::FailureKind;
use crate::enrichment::{Retry, RetryReason};
use crate::process::Event;
use crate::{Disposition, Worker, telemetry};

/// Whoever has the event needs a call-back's time for it; a copy looks again after this, or when the
/// lease ends.
const COPY_DELAY: Duration = Duration::from_secs(5);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// First on the queue again, then released, then (by the caller) acknowledged: a crash between
    /// any two of these repeats the event and loses nothing.
    pub(crate) async fn requeue(
        &self,
        event: &Event<'_>,
        retry: Retry,
        began: Instant,
    ) -> PortResult<Disposition> {
        let Event { envelope, interpretation, receipt, .. } = *event;
        self.send_again(&counted(envelope, retry.reason), interpretation, retry.delay).await?;
        self.ports.ledger.release(&envelope.id, receipt).await?;
        telemetry::again(interpretation.provider, envelope, &retry, began);
        Ok(Disposition::Requeued)
    }

    /// A copy, while another worker has the event: left alone it would wait out its visibility timeout
    /// and be a receive nearer to the dead letters, although nothing is wrong with it.
    pub(crate) async fn wait_for_holder(
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

/// What is put back is what came, but for its counts.
fn counted(envelope: &Envelope, reason: RetryReason) -> Envelope {
    let is_attempt = matches!(reason, RetryReason::FailureKind(..));
    let is_bad = matches!(reason, RetryReason::FailureKind(_, FailureKind::BadCertificate));
    let is_hold = matches!(reason, RetryReason::Held);
    Envelope {
        attempts: envelope.attempts.saturating_add(u32::from(is_attempt)),
        badcertificates: envelope.badcertificates.saturating_add(u32::from(is_bad)),
        holds: envelope.holds.saturating_add(u32::from(is_hold)),
        ..envelope.clone()
    }
}
