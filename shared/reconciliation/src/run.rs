use std::time::Instant;

use ports::{EventsQueue, Ledger, PortResult, SecretSource};
use processing::Endpoint;
use providers::digicert::reconciliation::{StatusChange, classify_status_changes, status_changes};
use time::{Duration, OffsetDateTime};

use crate::certcentral::{CertCentral, Fault};
use crate::collate::Collation;
use crate::log::{self, Read};
use crate::recover::{Recovery, Sorted, sort};
use crate::report::{Counts, Report};
use crate::{Settings, telemetry};

/// What the reconciler needs of its surroundings.
pub struct Ports<Q, L, S> {
    pub events: Q,
    pub ledger: L,
    /// CertCentral's API key.
    pub key: S,
}

/// Finds what CertCentral failed to send.
pub struct Reconciler<Q, L, S> {
    ports: Ports<Q, L, S>,
    endpoint: Endpoint,
    base: String,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// How far back, [`LONGEST_WINDOW`](crate::LONGEST_WINDOW) at most.
    pub window_minutes: u32,
    /// Look, and put nothing on the queue.
    pub is_dry_run: bool,
    /// When to stop and say what is left.
    pub deadline: Option<Instant>,
}

impl<Q: EventsQueue, L: Ledger, S: SecretSource> Reconciler<Q, L, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, L, S>) -> PortResult<Self> {
        let endpoint = Endpoint::beside_workers(&settings.api, settings.timeout)?;
        Ok(Self { ports, endpoint, base: settings.api.base.to_string() })
    }

    /// One run from start to end. May be repeated, stopped anywhere, and run beside others.
    ///
    /// # Errors
    /// Nothing could be looked at. What goes wrong later is in [`Report::left`].
    pub async fn run(&self, job: &Job) -> Result<Report, Fault> {
        let outcome = self.report(job).await;
        match &outcome {
            Ok(report) => telemetry::ran(report),
            Err(fault) if fault.is_key_refused() => telemetry::key_refused(),
            Err(_) => {}
        }
        outcome
    }

    async fn report(&self, job: &Job) -> Result<Report, Fault> {
        let began = OffsetDateTime::now_utc();
        let mut notes = Vec::new();
        let place = (&self.endpoint, self.base.as_str());
        let certcentral = CertCentral::open(place, &self.ports.key, job.deadline).await?;
        // Before the log, so that what is sent meanwhile is found there.
        let changes = changes(&certcentral, job, &mut notes).await?;
        let since = began - Duration::minutes(job.window_minutes.into());
        let Read { sent_events, cut } = read_log(&certcentral, since, &mut notes).await?;
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
        let unread =
            cut.map(|fault| format!("the older part of the event log was not read: {fault}"));
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

/// `None` when the key may not ask for them.
async fn changes(
    certcentral: &CertCentral<'_>,
    job: &Job,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<StatusChange>>, Fault> {
    match certcentral.ask(&status_changes(job.window_minutes), classify_status_changes).await {
        Err(fault) if fault.is_forbidden() => {
            notes.push(format!("only the event log is compared, not the orders: {fault}"));
            Ok(None)
        }
        changes => changes.map(Some),
    }
}

/// Without it there are the status changes; the ledger tells which of those came.
async fn read_log(
    certcentral: &CertCentral<'_>,
    since: OffsetDateTime,
    notes: &mut Vec<String>,
) -> Result<Read, Fault> {
    match log::read(certcentral, since).await {
        Err(fault) if notes.is_empty() && (fault.is_forbidden() || fault.is_absent()) => {
            notes.push(format!("only the orders are compared, not the event log: {fault}"));
            Ok(Read { sent_events: Vec::new(), cut: None })
        }
        read => read,
    }
}

/// No other run has the same: one process runs one at a time.
fn owner(began: OffsetDateTime) -> String {
    format!("reconciler/{}/{}", std::process::id(), began.unix_timestamp_nanos())
}
