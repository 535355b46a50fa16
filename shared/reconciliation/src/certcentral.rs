//! What CertCentral's records say: the event log, and the orders whose status changed.

use providers::digicert::reconciliation::{
    MAX_TIME, StatusChange, classify_status_changes, status_changes, status_changes_between,
};
use time::{Duration, OffsetDateTime};

use crate::client::{ApiClient, RunError};
use crate::collate::{DatedChange, collate};
use crate::figure::DueDay;
use crate::log::{self, LogEntries};
use crate::run::Collected;

/// What one call for a range of times covers: it is widened by an hour at both ends.
const RANGE: Duration = MAX_TIME.saturating_sub(Duration::hours(2));

/// `day` is that whose figure is due.
pub(crate) async fn collect(
    certcentral: &ApiClient<'_>,
    since: OffsetDateTime,
    began: OffsetDateTime,
    day: Option<DueDay>,
) -> Result<Collected, RunError> {
    let mut notes = Vec::new();
    // The changes are read before the log, so that an event that is sent in between is in the log.
    let changes = changes(certcentral, since, began, &mut notes).await?;
    let changes = dated(certcentral, changes, began, day).await?;
    let LogEntries { sent_events, truncated_by } = read_log(certcentral, since, &mut notes).await?;
    let expected = collate(sent_events, &changes, began);
    let left =
        truncated_by.map(|error| format!("the older part of the event log was not read: {error}"));
    Ok(Collected { expected, notes, left, cursors: Vec::new() })
}

/// Marks the changes of a day: those since its beginning that are not since its end. A change says nothing of
/// its time.
async fn dated(
    certcentral: &ApiClient<'_>,
    changes: Option<Vec<StatusChange>>,
    began: OffsetDateTime,
    day: Option<DueDay>,
) -> Result<Vec<DatedChange>, RunError> {
    let (changes, due) = match (changes, day) {
        (Some(changes), Some(due)) => (changes, due),
        (changes, _) => {
            return Ok(changes.into_iter().flatten().map(|change| (change, None)).collect());
        }
    };
    let since = async |begin: OffsetDateTime| {
        let minutes = u32::try_from((began - begin).whole_minutes()).unwrap_or_default();
        certcentral.ask(&status_changes(minutes), classify_status_changes).await
    };
    let (from_begin, from_end) =
        (since(due.begin()).await?, since(due.begin() + Duration::DAY).await?);
    let is_of_day =
        |change: &StatusChange| from_begin.contains(change) && !from_end.contains(change);
    let day = |change: &StatusChange| is_of_day(change).then_some(due.day);
    Ok(changes.into_iter().map(|change| (change.clone(), day(&change))).collect())
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
