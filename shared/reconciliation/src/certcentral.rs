//! What CertCentral's records say: the event log, and the orders whose status changed.

use providers::digicert::reconciliation::{
    MAX_TIME, StatusChange, classify_status_changes, status_changes, status_changes_between,
};
use time::{Duration, OffsetDateTime};

use crate::client::{ApiClient, RunError};
use crate::collate::Collation;
use crate::log::{self, LogEntries};
use crate::run::Collected;

/// What one call for a range of times covers: it is widened by an hour at both ends.
const RANGE: Duration = MAX_TIME.saturating_sub(Duration::hours(2));

pub(crate) async fn collect(
    certcentral: &ApiClient<'_>,
    since: OffsetDateTime,
    began: OffsetDateTime,
) -> Result<Collected, RunError> {
    let mut notes = Vec::new();
    // The changes are read before the log, so that an event that is sent in between is in the log.
    let changes = changes(certcentral, since, began, &mut notes).await?;
    let LogEntries { sent_events, truncated_by } = read_log(certcentral, since, &mut notes).await?;
    let now = OffsetDateTime::now_utc();
    let Collation { answered, missed, .. } =
        Collation::of(sent_events, &changes.unwrap_or_default(), now);
    let left =
        truncated_by.map(|error| format!("the older part of the event log was not read: {error}"));
    Ok(Collected { known: answered.len(), missed, notes, left, must_match: false })
}

/// Reads the status changes; `None` when the key lacks the permission. Those of the last week by their age,
/// since the call for a range of times has a doubtful time zone; older ones range by range.
async fn changes(
    certcentral: &ApiClient<'_>,
    since: OffsetDateTime,
    began: OffsetDateTime,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<StatusChange>>, RunError> {
    let recent = began - MAX_TIME;
    let minutes = (began - since.max(recent)).whole_minutes();
    let minutes = u32::try_from(minutes).unwrap_or_default().saturating_add(1).min(10_080);
    let mut requests = vec![status_changes(minutes)];
    // The two kinds of calls overlap, since a call takes time.
    let mut to = recent + Duration::HOUR;
    while since < recent && to > since {
        let from = since.max(to - RANGE);
        requests.push(status_changes_between(from, to));
        to = from;
    }
    let mut changes = Vec::new();
    for request in &requests {
        match certcentral.ask(request, classify_status_changes).await {
            Err(error) if error.is_forbidden() => {
                notes.push(format!("only the event log is compared, not the orders: {error}"));
                return Ok(None);
            }
            found => changes.extend(found?),
        }
    }
    Ok(Some(changes))
}

/// Reads the event log. Without it the status changes remain, and the ledger shows which of those
/// arrived.
async fn read_log(
    certcentral: &ApiClient<'_>,
    since: OffsetDateTime,
    notes: &mut Vec<String>,
) -> Result<LogEntries, RunError> {
    match log::read(certcentral, since).await {
        Err(error) if notes.is_empty() && (error.is_forbidden() || error.is_absent()) => {
            notes.push(format!("only the orders are compared, not the event log: {error}"));
            Ok(LogEntries { sent_events: Vec::new(), truncated_by: None })
        }
        entries => entries,
    }
}
