use std::collections::HashMap;
use std::time::Instant;

use futures_util::future::join_all;
use ports::{Claim, Clock, DeliveryRecord, EventsQueue, Ledger, Outgoing, PortError, PortResult};
use providers::dispatch;
use providers::envelope_builder::fair_queue_group;
use time::{Date, Duration, OffsetDateTime};

use crate::client::RunError;
use crate::collate::Expected;
use crate::figure::Arrived;
use crate::report::{RecoveryStatus, Row};
use crate::telemetry;

/// How long an id is not put on the queue again, so that a backlog is not put there twice.
const MARK_RETENTION: Duration = Duration::DAY;
/// How long an event may be on the queue before it counts as missing. A healthy worker needs seconds,
/// and 15 minutes when an attempt failed.
pub(crate) const DELIVERY_TIME: Duration = Duration::HOUR;
/// How long the ledger keeps that an event was recovered: longer than a figure looks back.
const RECOVERED_RETENTION: Duration = Duration::days(14);
/// How long a claim lasts when the run ends between claim and record.
const LEASE: Duration = Duration::minutes(2);
/// The number of concurrent claims, and of messages in one send.
const BATCH_SIZE: usize = 10;

/// Puts the missed events of one run on the queue.
pub(crate) struct Recovery<'a, Q, L> {
    pub(crate) events: &'a Q,
    pub(crate) ledger: &'a L,
    pub(crate) clock: &'a dyn Clock,
    /// Identifies this run in its claims.
    pub(crate) owner: &'a str,
    pub(crate) is_dry_run: bool,
    pub(crate) deadline: Option<Instant>,
}

/// The events of a run by their state in the ledger.
pub(crate) struct Sorted {
    /// Events that arrived, or still may.
    pub(crate) arrived: Vec<Arrived>,
    /// Events that were put on the queue before.
    pub(crate) rows: Vec<Row>,
    /// Events that are neither.
    pub(crate) missed: Vec<Expected>,
}

/// The ledger key that marks an id as put on the queue.
pub(crate) fn mark(id: &str) -> String {
    format!("reconciled/{id}")
}

/// The ledger key that says that a run put an id on the queue, however long ago.
pub(crate) fn recovery(id: &str) -> String {
    format!("recovered/{id}")
}

/// Looks up each event in the ledger under every id that it may have. `first` is when the ledger's record
/// begins: of what was taken before, it knows nothing. `day` is that whose figure is due.
pub(crate) async fn sort<L: Ledger>(
    ledger: &L,
    expected: Vec<Expected>,
    first: OffsetDateTime,
    now: OffsetDateTime,
    day: Option<Date>,
) -> PortResult<Sorted> {
    let delivered = ledger.known(&keys(&expected, str::to_owned)).await?;
    let is_delivered =
        |event: &Expected| event.occurrence.ids().any(|id| delivered.contains_key(id));
    let (delivered, others): (Vec<_>, Vec<_>) = expected.into_iter().partition(is_delivered);
    let of_day = delivered.iter().filter(|event| day.is_some() && event.day == day);
    let recovered = ledger.known(&keys(of_day, recovery)).await?;
    let was_recovered =
        |event: &Expected| event.occurrence.ids().any(|id| recovered.contains_key(&recovery(id)));
    let arrived = delivered.iter();
    let mut sorted = Sorted {
        arrived: arrived
            .map(|event| Arrived { day: event.day, was_recovered: was_recovered(event) })
            .collect(),
        rows: Vec::new(),
        missed: Vec::new(),
    };
    let marks = ledger.known(&keys(&others, mark)).await?;
    for event in others {
        if let Some(at) = marked(&event, &marks) {
            let status = if now - at < DELIVERY_TIME {
                RecoveryStatus::Waiting
            } else {
                RecoveryStatus::StillMissing
            };
            sorted.rows.push(event.row(status));
        } else if event.taken.is_some_and(|at| at < first || now - at < DELIVERY_TIME) {
            sorted.arrived.push(Arrived { day: event.day, was_recovered: false });
        } else {
            sorted.missed.push(event);
        }
    }
    Ok(sorted)
}

/// The ledger keys of all ids of these events.
fn keys<'a>(
    events: impl IntoIterator<Item = &'a Expected>,
    key: impl Fn(&str) -> String,
) -> Vec<String> {
    events.into_iter().flat_map(|event| event.occurrence.ids()).map(key).collect()
}

/// Returns when the event was put on the queue.
fn marked(event: &Expected, marks: &HashMap<String, OffsetDateTime>) -> Option<OffsetDateTime> {
    let marks = event.occurrence.ids().filter_map(|id| marks.get(&mark(id)));
    marks.map(|until| *until - MARK_RETENTION).min()
}

impl<Q: EventsQueue, L: Ledger> Recovery<'_, Q, L> {
    /// Returns a row for each event, and why some were not put on the queue; `None` if all were.
    pub(crate) async fn run(&self, missed: Vec<Expected>) -> (Vec<Row>, Option<String>) {
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
    async fn put_on_queue(&self, batch: &[Expected]) -> PortResult<Vec<RecoveryStatus>> {
        let until = self.clock.now() + LEASE;
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

    async fn send(&self, granted: &[&Expected]) -> PortResult<()> {
        if granted.is_empty() {
            return Ok(());
        }
        let messages = granted.iter().map(|missed| missed.message()).collect::<Result<_, _>>()?;
        self.events.send(messages).await
    }

    async fn release(&self, granted: &[&Expected]) {
        let released = granted.iter().map(async |missed| {
            if let Err(error) = self.ledger.release(&mark(missed.id()), self.owner).await {
                telemetry::not_released(missed, &error);
            }
        });
        join_all(released).await;
    }

    async fn record(&self, granted: &[&Expected]) {
        let now = self.clock.now();
        let recorded = granted.iter().map(async |missed| {
            telemetry::recovered(missed);
            for (key, retention) in
                [(mark(missed.id()), MARK_RETENTION), (recovery(missed.id()), RECOVERED_RETENTION)]
            {
                let record = DeliveryRecord::id(key, now + retention);
                if let Err(error) = self.ledger.record(record).await {
                    telemetry::not_recorded(missed, &error);
                }
            }
        });
        join_all(recorded).await;
    }
}

impl Expected {
    pub(crate) fn id(&self) -> &str {
        &self.occurrence.envelope.id
    }

    fn message(&self) -> PortResult<Outgoing> {
        let envelope = &self.occurrence.envelope;
        let interpretation = dispatch::interpret(envelope)
            .ok_or_else(|| PortError(format!("envelope {}: unknown event source", envelope.id)))?;
        let group = fair_queue_group(&envelope.source);
        Outgoing::new(envelope, interpretation.provider, group)
    }

    fn row(&self, status: RecoveryStatus) -> Row {
        let envelope = &self.occurrence.envelope;
        Row {
            id: envelope.id.clone(),
            event: self.event.clone(),
            subject: envelope.subject.clone(),
            sent: self.sent,
            day: self.day,
            cause: self.cause.clone(),
            status,
        }
    }
}
