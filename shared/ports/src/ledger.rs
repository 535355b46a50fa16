use std::collections::HashMap;
use std::future::Future;

use secrecy::SecretString;
use time::OffsetDateTime;

use crate::{CertificateState, DeliveredResult, DeliveryRecord, Items, Ordering, PortResult};

/// The result of claiming an id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// The caller holds the claim until the lease ends.
    Granted,
    /// Another owner holds the claim, with a lease until then.
    Held { until: OffsetDateTime },
    /// An event with this id was delivered before. `None` for an id that was recorded alone, and for a
    /// row of an older version: what came of it is not known, so nothing follows from it.
    Recorded(Option<DeliveredResult>),
}

/// A CertCentral challenge that waits for the operator's answer.
#[derive(Clone, Debug)]
pub struct WaitingChallenge {
    pub webhook_id: String,
    pub token: SecretString,
    pub expires: OffsetDateTime,
}

/// How many waiting challenges of one webhook are kept.
pub const CHALLENGES: usize = 20;

/// Stores which ids are claimed and which were delivered, and the state of each certificate.
pub trait Ledger: Items {
    /// Whether the store deletes expired rows late, so that the caller must end an expired
    /// challenge.
    const DELETES_LATE: bool = false;

    /// Claims an id; called before any work on it. The claim is granted if nobody holds one, if the
    /// lease has ended, or if `owner` holds it already. So the call may be repeated.
    fn claim(
        &self,
        id: &str,
        owner: &str,
        until: OffsetDateTime,
    ) -> impl Future<Output = PortResult<Claim>> + Send;

    /// Stores `state` as the certificate's state unless the stored one has a higher rank; the same
    /// rank counts as current. Called right before the delivery. The comparison and the write are
    /// one atomic step, so that of two concurrent calls none goes back. May be repeated.
    fn advance(&self, state: CertificateState)
    -> impl Future<Output = PortResult<Ordering>> + Send;

    /// Ends the claim and stores the record; called after the delivery. The id is written last, so
    /// that after a crash everything is done again. May be repeated.
    fn record(&self, recorded: DeliveryRecord) -> impl Future<Output = PortResult<()>> + Send;

    /// Releases a claim without a record, so that a later attempt need not wait for the end of the
    /// lease. Does nothing if `owner` does not hold the claim.
    fn release(&self, id: &str, owner: &str) -> impl Future<Output = PortResult<()>> + Send;

    /// Removes the record of an id, so that it can be delivered again. Does nothing if the id is not
    /// recorded.
    fn forget(&self, id: &str) -> impl Future<Output = PortResult<()>> + Send;

    /// The recorded ones of `ids`, with the time until which the ledger knows each.
    fn known(
        &self,
        ids: &[String],
    ) -> impl Future<Output = PortResult<HashMap<String, OffsetDateTime>>> + Send;

    /// Stores the token of an ownership challenge for the operator, until `expires` and no longer. The
    /// newest [`CHALLENGES`] of a webhook are kept: whoever knows the webhook key can send one, and must
    /// not be able to replace the provider's own.
    fn keep_challenge(
        &self,
        webhook_id: &str,
        token: &SecretString,
        expires: OffsetDateTime,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Deletes the token of this webhook that ends then: it was used, and can be used only once. Does
    /// nothing if it is not stored.
    fn delete_challenge(
        &self,
        webhook_id: &str,
        expires: OffsetDateTime,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Deletes the stored tokens of this webhook that have expired. Called where
    /// [`DELETES_LATE`](Self::DELETES_LATE) is true.
    fn end_challenge(&self, _webhook_id: &str) -> impl Future<Output = PortResult<()>> + Send {
        async { Ok(()) }
    }
}
