use std::time::{Duration, Instant};

use envelope::Envelope;
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::reading::{self, Reading};
use time::OffsetDateTime;

use crate::asking::{Later, Why};
use crate::decide::Trouble;
use crate::process::Event;
use crate::{Fate, Worker, record};

/// Whoever has the event needs a call-back's time for it; a copy looks again after this, or when the
/// lease ends.
const COPY_DELAY: Duration = Duration::from_secs(5);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// First on the queue again, then released, then (by the caller) acknowledged: a crash between
    /// any two of these repeats the event and loses nothing.
    pub(crate) async fn put_back(
        &self,
        event: &Event<'_>,
        later: Later,
        began: Instant,
    ) -> PortResult<Fate> {
        let Event { envelope, reading, receipt, .. } = *event;
        self.send_again(&counted(envelope, later.why), reading, later.delay).await?;
        self.ports.ledger.release(&envelope.id, receipt).await?;
        record::again(reading.provider, envelope, &later, began);
        Ok(Fate::PutBack)
    }

    /// A copy, while another worker has the event: left alone it would wait out its visibility timeout
    /// and be a receive nearer to the dead letters, although nothing is wrong with it.
    pub(crate) async fn wait_for_holder(
        &self,
        envelope: &Envelope,
        reading: &Reading,
        until: OffsetDateTime,
    ) -> PortResult<()> {
        let lease = Duration::try_from(until - self.now()).unwrap_or_default();
        let delay = lease.clamp(Duration::from_secs(1), COPY_DELAY);
        self.send_again(envelope, reading, delay).await
    }

    async fn send_again(
        &self,
        envelope: &Envelope,
        reading: &Reading,
        delay: Duration,
    ) -> PortResult<()> {
        let group = reading::group(envelope, reading);
        let message = Outgoing::new(envelope, reading.provider, group)?;
        self.ports.events.send(vec![Outgoing { delay, ..message }]).await
    }
}

/// What is put back is what came, but for its counts.
fn counted(envelope: &Envelope, why: Why) -> Envelope {
    let is_attempt = matches!(why, Why::Trouble(..));
    let is_bad = matches!(why, Why::Trouble(_, Trouble::BadCertificate));
    let is_hold = matches!(why, Why::Held);
    Envelope {
        attempts: envelope.attempts.saturating_add(u32::from(is_attempt)),
        badcertificates: envelope.badcertificates.saturating_add(u32::from(is_bad)),
        holds: envelope.holds.saturating_add(u32::from(is_hold)),
        ..envelope.clone()
    }
}
