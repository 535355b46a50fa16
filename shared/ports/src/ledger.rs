use std::collections::HashMap;
use std::future::Future;

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::{CertificateState, DeliveryRecord, Ordering, PortResult};

/// What a claim of an id met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Claim {
    /// Ours until the lease ends.
    Granted,
    /// Another owner's lease runs until then.
    Held { until: OffsetDateTime },
    /// Delivered before; acknowledge and do nothing.
    Recorded,
}

/// Which ids were claimed and which were delivered, and what is known of each certificate.
pub trait Ledger: Send + Sync + 'static {
    /// Whether a challenge may outlive its time here unless it is ended.
    const DELETES_LATE: bool = false;

    /// Called before any work on `id`. Grants when nobody holds it, when the lease has ended, or
    /// when `owner` holds it already; so it may be repeated.
    fn claim(
        &self,
        id: &str,
        owner: &str,
        until: OffsetDateTime,
    ) -> impl Future<Output = PortResult<Claim>> + Send;

    /// Called right before the delivery: makes `state` the certificate's, unless that is at a later
    /// place; the same place counts as current. One step, so that of two at once none moves it back;
    /// may be repeated.
    fn advance(&self, state: CertificateState)
    -> impl Future<Output = PortResult<Ordering>> + Send;

    /// Called after the delivery, ends the claim and keeps the id; the id last, so that after a crash
    /// it is all done again. May be repeated.
    fn record(&self, recorded: DeliveryRecord) -> impl Future<Output = PortResult<()>> + Send;

    /// Gives a claim back without recording, so that a later attempt need not wait for the lease.
    /// Does nothing when `owner` does not hold it.
    fn release(&self, id: &str, owner: &str) -> impl Future<Output = PortResult<()>> + Send;

    /// Those of `ids` that are recorded, and until when each is kept.
    fn known(
        &self,
        ids: &[String],
    ) -> impl Future<Output = PortResult<HashMap<String, OffsetDateTime>>> + Send;

    /// Keeps the token of a CertCentral challenge for the operator until `expires`, not longer.
    fn keep_challenge(
        &self,
        webhook_id: &str,
        token: &SecretString,
        expires: OffsetDateTime,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Ends the kept token of this webhook if its time is over; a newer one stays. Called where
    /// `DELETES_LATE`.
    fn end_challenge(&self, _webhook_id: &str) -> impl Future<Output = PortResult<()>> + Send {
        async { Ok(()) }
    }
}
