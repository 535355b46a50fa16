use std::collections::HashMap;
use std::time::Instant;

use futures_util::future::join_all;
use ports::{Claim, DeliveryRecord, EventsQueue, Ledger, Outgoing, PortError, PortResult};
use providers::{dispatch, fair_queue};
use time::{Duration, OffsetDateTime};

use crate::client::RunError;
use crate::collate::Missed;
use crate::report::{RecoveryStatus, Row};
use crate::telemetry;

/// How long an id is not put on the queue again, so that a backlog is not put there twice.
const MARK_RETENTION: Duration = Duration::DAY;
/// How long an event may be on the queue before it counts as missing. A healthy worker needs seconds,
/// and 15 minutes when an attempt failed.
const DELIVERY_TIME: Duration = Duration::HOUR;
/// How long a claim lasts when the run ends between claim and record.
const LEASE: Duration = Duration::minutes(2);
/// The number of concurrent claims, and of messages in one send.
const BATCH_SIZE: usize = 10;

/// Puts the missed events of one run on the queue.
pub(crate) struct Recovery<'a, Q, L> {
    pub(crate) events: &'a Q,
    pub(crate) ledger: &'a L,
    /// Identifies this run in its claims.
    pub(crate) owner: &'a str,
    pub(crate) is_dry_run: bool,
    pub(crate) deadline: Option<Instant>,
}

/// The missed events by their state in the ledger.
pub(crate) struct Sorted {
    /// The number of delivered events.
    pub(crate) known: usize,
    /// Events that were put on the queue before.
    pub(crate) rows: Vec<Row>,
    /// Events that are neither.
    pub(crate) missed: Vec<Missed>,
}

/// The ledger key that marks an id as put on the queue.
pub(crate) fn mark(id: &str) -> String {
    format!("reconciled/{id}")
}

/// Looks up each event in the ledger under every id that it may have.
pub(crate) async fn sort<L: Ledger>(ledger: &L, missed: Vec<Missed>) -> PortResult<Sorted> {
    let ids = missed.iter().flat_map(|missed| missed.occurrence.ids());
    let keys: Vec<_> = ids.flat_map(|id| [id.to_owned(), mark(id)]).collect();
    let kept = ledger.known(&keys).await?;
    let now = OffsetDateTime::now_utc();
    let mut sorted = Sorted { known: 0, rows: Vec::new(), missed: Vec::new() };
    for missed in missed {
        if missed.occurrence.ids().any(|id| kept.contains_key(id)) {
            sorted.known += 1;
        } else if let Some(at) = marked(&missed, &kept) {
            let status = if now - at < DELIVERY_TIME {
                RecoveryStatus::Waiting
            } else {
                RecoveryStatus::StillMissing
            };
            sorted.rows.push(missed.row(status));
        } else {
            sorted.missed.push(missed);
        }
    }
    Ok(sorted)
}

/// Returns when the event was put on the queue.
fn marked(missed: &Missed, kept: &HashMap<String, OffsetDateTime>) -> Option<OffsetDateTime> {
    let marks = missed.occurrence.ids().filter_map(|id| kept.get(&mark(id)));
    marks.map(|until| *until - MARK_RETENTION).min()
}

impl<Q: EventsQueue, L: Ledger> Recovery<'_, Q, L> {
    /// Returns a row for each event, and why some were not put on the queue; `None` if all were.
    pub(crate) async fn run(&self, missed: Vec<Missed>) -> (Vec<Row>, Option<String>) {
        if self.is_dry_run {
            return (
                missed.iter().map(|missed| missed.row(RecoveryStatus::Recovered)).collect(),
                None,
            );
        }
        let (mut rows, mut left) = (Vec::with_capacity(missed.len()), None);
        for batch in missed.chunks(BATCH_SIZE) {
            if left.is_none() && self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                left = Some(RunError::OutOfTime.to_string());
            }
            let statuses = match left {
                None => self.put_on_queue(batch).await,
                Some(_) => Ok(vec![RecoveryStatus::StillMissing; batch.len()]),
            };
            let statuses = statuses.unwrap_or_else(|error| {
                left = Some(error.0);
                vec![RecoveryStatus::StillMissing; batch.len()]
            });
            rows.extend(batch.iter().zip(statuses).map(|(missed, status)| missed.row(status)));
        }
        (rows, left)
    }

    /// Claims, sends, and only then records. When a run stops in between, the next one sends the event
    /// again, and the worker recognises the duplicate.
    async fn put_on_queue(&self, batch: &[Missed]) -> PortResult<Vec<RecoveryStatus>> {
        let until = OffsetDateTime::now_utc() + LEASE;
        let claims = batch
            .iter()
            .map(async |missed| self.ledger.claim(&mark(missed.id()), self.owner, until).await);
        let claims: Vec<_> = join_all(claims).await;
        let granted: Vec<_> = batch
            .iter()
            .zip(&claims)
            .filter(|(_, claim)| matches!(claim, Ok(Claim::Granted)))
            .map(|(missed, _)| missed)
            .collect();
        // A claim that failed does not hold back the others.
        if let Err(error) = self.send(&granted).await {
            self.release(&granted).await;
            return Err(error);
        }
        self.record(&granted).await;
        claims
            .into_iter()
            .map(|claim| {
                claim.map(|claim| match claim {
                    Claim::Granted => RecoveryStatus::Recovered,
                    Claim::Held { .. } | Claim::Recorded(_) => RecoveryStatus::Waiting,
                })
            })
            .collect()
    }

    async fn send(&self, granted: &[&Missed]) -> PortResult<()> {
        if granted.is_empty() {
            return Ok(());
        }
        let messages = granted.iter().map(|missed| missed.message()).collect::<Result<_, _>>()?;
        self.events.send(messages).await
    }

    async fn release(&self, granted: &[&Missed]) {
        let released = granted.iter().map(async |missed| {
            if let Err(error) = self.ledger.release(&mark(missed.id()), self.owner).await {
                telemetry::not_released(missed, &error);
            }
        });
        join_all(released).await;
    }

    async fn record(&self, granted: &[&Missed]) {
        let until = OffsetDateTime::now_utc() + MARK_RETENTION;
        let recorded = granted.iter().map(async |missed| {
            telemetry::recovered(missed);
            if let Err(error) =
                self.ledger.record(DeliveryRecord::id(mark(missed.id()), until)).await
            {
                telemetry::not_recorded(missed, &error);
            }
        });
        join_all(recorded).await;
    }
}

impl Missed {
    pub(crate) fn id(&self) -> &str {
        &self.occurrence.envelope.id
    }

    fn message(&self) -> PortResult<Outgoing> {
        let envelope = &self.occurrence.envelope;
        let interpretation = dispatch::interpret(envelope)
            .ok_or_else(|| PortError(format!("envelope {}: unknown event source", envelope.id)))?;
        let group = fair_queue::group(&envelope.source);
        Outgoing::new(envelope, interpretation.provider, group)
    }

    fn row(&self, status: RecoveryStatus) -> Row {
        let envelope = &self.occurrence.envelope;
        Row {
            id: envelope.id.clone(),
            event: self.event.clone(),
            subject: envelope.subject.clone(),
            sent: self.sent,
            cause: self.cause.clone(),
            status,
        }
    }
}
