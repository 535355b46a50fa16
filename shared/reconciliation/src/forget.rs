use ports::{Ledger, PortResult};

use crate::recover::{mark, recovery};

/// Removes ids from the ledger, together with the marks by which a run knows them, so that they can be
/// delivered again. Returns those that the ledger had recorded.
///
/// # Errors
/// The ledger cannot be read or written. The call may be repeated.
pub async fn forget(ledger: &impl Ledger, ids: &[String]) -> PortResult<Vec<String>> {
    let known = ledger.known(ids).await?;
    for id in ids {
        // The mark goes first: without the record, a run would take the id for one on its way.
        ledger.forget(&mark(id)).await?;
        ledger.forget(&recovery(id)).await?;
        ledger.forget(id).await?;
    }
    Ok(ids.iter().filter(|id| known.contains_key(*id)).cloned().collect())
}
