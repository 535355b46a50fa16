//! The first and the last complete run of a provider, and the last figure of a day, kept in the ledger. A gap of any length
//! is looked at by the next run.

use envelope::Provider;
use ports::{DeliveryRecord, Ledger, PortResult};
use time::{Duration, OffsetDateTime};

/// How long the ledger keeps a time. Longer than a run looks back.
const RETENTION: Duration = Duration::days(400);

/// A time that the ledger keeps for one provider.
pub(crate) struct Kept<'a, L> {
    ledger: &'a L,
    key: String,
}

/// The beginning of the last complete run. Before the first one, the time of the first start.
pub(crate) fn last_run<L: Ledger>(ledger: &L, provider: Provider) -> Kept<'_, L> {
    Kept { ledger, key: format!("reconciled/last/{provider}") }
}

/// When the ledger's record of a provider begins: the first start. Of what somebody took before, the ledger
/// knows nothing.
pub(crate) fn first_run<L: Ledger>(ledger: &L, provider: Provider) -> Kept<'_, L> {
    Kept { ledger, key: format!("reconciled/first/{provider}") }
}

/// The beginning of the last day whose figure was logged.
pub(crate) fn last_figure<L: Ledger>(ledger: &L, provider: Provider) -> Kept<'_, L> {
    Kept { ledger, key: format!("reconciled/figure/{provider}") }
}

impl<L: Ledger> Kept<'_, L> {
    pub(crate) async fn get(&self) -> PortResult<Option<OffsetDateTime>> {
        let known = self.ledger.known(std::slice::from_ref(&self.key)).await?;
        Ok(known.get(&self.key).map(|until| *until - RETENTION))
    }

    pub(crate) async fn set(&self, at: OffsetDateTime) -> PortResult<()> {
        self.ledger.record(DeliveryRecord::id(self.key.clone(), at + RETENTION)).await
    }
}

/// When the last complete run of a provider began, for whoever looks whether there was one.
///
/// # Errors
/// The ledger cannot be read.
pub async fn last_complete_run<L: Ledger>(
    ledger: &L,
    provider: Provider,
) -> PortResult<Option<OffsetDateTime>> {
    last_run(ledger, provider).get().await
}
