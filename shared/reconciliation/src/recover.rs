use std::collections::HashMap;
use std::time::Instant;

use envelope::Provider;
use futures_util::future::join_all;
use ports::{Claim, DeliveryRecord, EventsQueue, Ledger, Outgoing, PortError, PortResult};
use providers::{dispatch, fair_queue};
use time::{Duration, OffsetDateTime};

use crate::certcentral::Fault;
use crate::collate::Missed;
use crate::report::{RecoveryStatus, Row};
use crate::telemetry;

/// An id is put on the queue once in this time, so that a backlog is not put there twice.
const KEPT: Duration = Duration::DAY;
/// What was put there longer ago and is not delivered is missing: a worker that is well needs seconds,
/// and 15 minutes for an attempt that met trouble.
const PATIENCE: Duration = Duration::HOUR;
/// A run that ends between claim and record holds the id for so long.
const LEASE: Duration = Duration::minutes(2);
/// Claims, and messages of one sending, side by side.
const SIDE_BY_SIDE: usize = 10;

/// Puts events onto the queue, as one run.
pub(crate) struct Recovery<'a, Q, L> {
    pub(crate) events: &'a Q,
    pub(crate) ledger: &'a L,
    /// Tells this run from any other.
    pub(crate) owner: &'a str,
    pub(crate) is_dry_run: bool,
    pub(crate) deadline: Option<Instant>,
}

/// What the ledger says of the missed events.
pub(crate) struct Sorted {
    /// Delivered.
    pub(crate) known: usize,
    /// Put on the queue before.
    pub(crate) rows: Vec<Row>,
    /// Neither.
    pub(crate) missed: Vec<Missed>,
}

/// The ledger's key of an id that was put on the queue.
fn mark(id: &str) -> String {
    format!("reconciled/{id}")
}

/// Asks the ledger about each event, under every id that it may have.
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
            let status = if now - at < PATIENCE {
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

/// When it was put on the queue.
fn marked(missed: &Missed, kept: &HashMap<String, OffsetDateTime>) -> Option<OffsetDateTime> {
    let marks = missed.occurrence.ids().filter_map(|id| kept.get(&mark(id)));
    marks.map(|until| *until - KEPT).min()
}

impl<Q: EventsQueue, L: Ledger> Recovery<'_, Q, L> {
    /// A row for each event, and why not all of them were put on the queue.
    pub(crate) async fn run(&self, missed: Vec<Missed>) -> (Vec<Row>, Option<String>) {
        if self.is_dry_run {
            return (
                missed.iter().map(|missed| missed.row(RecoveryStatus::Recovered)).collect(),
                None,
            );
        }
        let (mut rows, mut left) = (Vec::with_capacity(missed.len()), None);
        for some in missed.chunks(SIDE_BY_SIDE) {
            if left.is_none() && self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                left = Some(Fault::OutOfTime.to_string());
            }
            let statuses = match left {
                None => self.put(some).await,
                Some(_) => Ok(vec![RecoveryStatus::StillMissing; some.len()]),
            };
            let statuses = statuses.unwrap_or_else(|error| {
                left = Some(error.0);
                vec![RecoveryStatus::StillMissing; some.len()]
            });
            rows.extend(some.iter().zip(statuses).map(|(missed, status)| missed.row(status)));
        }
        (rows, left)
    }

    /// Claimed, sent, and only then recorded: a run that stops in between leaves an id that the next
    /// one takes, and what is sent twice is known to the worker.
    async fn put(&self, some: &[Missed]) -> PortResult<Vec<RecoveryStatus>> {
        let until = OffsetDateTime::now_utc() + LEASE;
        let claims = some
            .iter()
            .map(async |missed| self.ledger.claim(&mark(missed.id()), self.owner, until).await);
        let claims: Vec<_> = join_all(claims).await;
        let granted: Vec<_> = some
            .iter()
            .zip(&claims)
            .filter(|(_, claim)| matches!(claim, Ok(Claim::Granted)))
            .map(|(missed, _)| missed)
            .collect();
        // Those that could be claimed are not held back by one that could not.
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
                    Claim::Held { .. } | Claim::Recorded => RecoveryStatus::Waiting,
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
                tracing::warn!("{error}; the claim ends in two minutes");
            }
        });
        join_all(released).await;
    }

    async fn record(&self, granted: &[&Missed]) {
        let until = OffsetDateTime::now_utc() + KEPT;
        let recorded = granted.iter().map(async |missed| {
            telemetry::recovered(missed);
            if let Err(error) =
                self.ledger.record(DeliveryRecord::id(mark(missed.id()), until)).await
            {
                tracing::warn!(
                    "{error}; the event may be put on the queue once more, and is known then"
                );
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
        let interpretation = dispatch::interpret(envelope).ok_or_else(|| {
            PortError(format!("envelope {}: its source is none of ours", envelope.id))
        })?;
        Outgoing::new(envelope, Provider::Digicert, fair_queue::group(envelope, &interpretation))
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
