use std::time::Instant;

use ports::{EventsQueue, Ledger, PortResult, SecretSource};
use processing::Endpoint;
use providers::digicert::reconciliation::{StatusChange, classify_status_changes, status_changes};
use time::{Duration, OffsetDateTime};

use crate::certcentral::{CertCentral, RunError};
use crate::collate::Collation;
use crate::log::{self, LogEntries};
use crate::recover::{Recovery, Sorted, sort};
use crate::report::{Counts, Report};
use crate::{Settings, telemetry};

/// The services that the reconciler uses.
pub struct Ports<Q, L, S> {
    pub events: Q,
    pub ledger: L,
    /// CertCentral's API key.
    pub key: S,
}

/// Finds and recovers the events that CertCentral failed to send.
pub struct Reconciler<Q, L, S> {
    ports: Ports<Q, L, S>,
    endpoint: Endpoint,
    base: String,
}

/// The parameters of one run.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// How far back to look, in minutes; at most [`MAX_WINDOW`](crate::MAX_WINDOW).
    pub window_minutes: u32,
    /// Whether to report only, and put nothing on the queue.
    pub is_dry_run: bool,
    /// When to stop and report what is left; `None` for no limit.
    pub deadline: Option<Instant>,
}

impl<Q: EventsQueue, L: Ledger, S: SecretSource> Reconciler<Q, L, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, L, S>) -> PortResult<Self> {
        let endpoint = Endpoint::beside_workers(&settings.api, settings.timeout)?;
        Ok(Self { ports, endpoint, base: settings.api.base.to_string() })
    }

    /// Runs once. A run may be repeated, stopped at any point, and concurrent with others.
    ///
    /// # Errors
    /// When nothing could be read. A later failure is in [`Report::left`].
    pub async fn run(&self, job: &Job) -> Result<Report, RunError> {
        let outcome = self.report(job).await;
        match &outcome {
            Ok(report) => telemetry::reconciled(report),
            Err(error) if error.is_key_refused() => telemetry::key_refused(),
            Err(_) => {}
        }
        outcome
    }

    async fn report(&self, job: &Job) -> Result<Report, RunError> {
        let began = OffsetDateTime::now_utc();
        let mut notes = Vec::new();
        let api = (&self.endpoint, self.base.as_str());
        let certcentral = CertCentral::open(api, &self.ports.key, job.deadline).await?;
        // The changes are read before the log, so that an event that is sent in between is in the log.
        let changes = changes(&certcentral, job, &mut notes).await?;
        let since = began - Duration::minutes(job.window_minutes.into());
        let LogEntries { sent_events, truncated_by } =
            read_log(&certcentral, since, &mut notes).await?;
        let now = OffsetDateTime::now_utc();
        let collation = Collation::of(sent_events, &changes.unwrap_or_default(), now);
        let answered = collation.answered.len();
        let Sorted { known, mut rows, missed } = sort(&self.ports.ledger, collation.missed).await?;
        let owner = owner(began);
        let recovery = Recovery {
            events: &self.ports.events,
            ledger: &self.ports.ledger,
            owner: &owner,
            is_dry_run: job.is_dry_run,
            deadline: job.deadline,
        };
        let (recovered, left) = recovery.run(missed).await;
        rows.extend(recovered);
        let unread = truncated_by
            .map(|error| format!("the older part of the event log was not read: {error}"));
        Ok(Report {
            window_minutes: job.window_minutes,
            is_dry_run: job.is_dry_run,
            counts: Counts::of(answered + known, &rows),
            rows,
            notes,
            left: left.or(unread),
        })
    }
}

/// Reads the status changes; `None` when the key lacks the permission.
async fn changes(
    certcentral: &CertCentral<'_>,
    job: &Job,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<StatusChange>>, RunError> {
    match certcentral.ask(&status_changes(job.window_minutes), classify_status_changes).await {
        Err(error) if error.is_forbidden() => {
            notes.push(format!("only the event log is compared, not the orders: {error}"));
            Ok(None)
        }
        changes => changes.map(Some),
    }
}

/// Reads the event log. Without it the status changes remain, and the ledger shows which of those
/// arrived.
async fn read_log(
    certcentral: &CertCentral<'_>,
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

/// A name that no other run has, since a process makes one run at a time.
fn owner(began: OffsetDateTime) -> String {
    format!("reconciler/{}/{}", std::process::id(), began.unix_timestamp_nanos())
}
