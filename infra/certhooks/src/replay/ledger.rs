use std::collections::HashMap;

use ports::{CertificateState, Claim, DeliveryRecord, Ledger, Ordering, PortResult};
use secrecy::SecretString;
use time::OffsetDateTime;

/// The ledger of a replay: it lets every event be delivered again, and records nothing.
#[derive(Clone, Copy)]
pub(crate) struct ReplayLedger;

impl Ledger for ReplayLedger {
    async fn claim(&self, _: &str, _: &str, _: OffsetDateTime) -> PortResult<Claim> {
        Ok(Claim::Granted)
    }

    /// A replayed event is marked as such, so its order is not compared with that of later events.
    async fn advance(&self, _: CertificateState) -> PortResult<Ordering> {
        Ok(Ordering::Current)
    }

    async fn record(&self, _: DeliveryRecord) -> PortResult<()> {
        Ok(())
    }

    async fn release(&self, _: &str, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn known(&self, _: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        Ok(HashMap::new())
    }

    /// Does nothing, since the archive holds no challenge.
    async fn keep_challenge(&self, _: &str, _: &SecretString, _: OffsetDateTime) -> PortResult<()> {
        Ok(())
    }
}
