use std::sync::Arc;
use std::time::Instant;

use envelope::{Provider, rfc3339};
use ports::{Clock, EventsQueue, Ledger, PortResult, SecretSource, SystemClock};
use processing::Endpoint;
use providers::profile::Profile;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::certspotter::Cursor;
use crate::client::{ApiClient, RunError};
use crate::collate::Expected;
use crate::figure::{Arrived, DueDay, Figure};
use crate::last_run::{first_run, last_figure, last_run};
use crate::recover::{DELIVERY_TIME, Recovery, Sorted, sort};
use crate::report::{Counts, Report, Row};
use crate::settings::{MAX_WINDOW, Records};
use crate::{Settings, certcentral, certspotter, cloudflare, telemetry};

/// The services that the reconciler uses.
pub struct Ports<Q, L, S> {
    pub events: Q,
    pub ledger: L,
    /// The provider's API key.
    pub key: S,
}

/// Finds and recovers the events of one provider that did not arrive.
pub struct Reconciler<Q, L, S> {
    ports: Ports<Q, L, S>,
    profile: &'static Profile,
    records: Records,
    overlap: Duration,
    endpoint: Endpoint,
    base: String,
    clock: Arc<dyn Clock>,
}

/// The parameters of one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Job {
    /// How far back to look, in minutes; at most [`MAX_WINDOW`]. `None` for back to the last complete run,
    /// and as much further as the overlap is.
    pub window_minutes: Option<u32>,
    /// Whether to report only, and put nothing on the queue.
    pub is_dry_run: bool,
    /// Whether it is run by a schedule, and so says the figures of days.
    pub is_scheduled: bool,
    /// When to stop and report what is left; `None` for no limit.
    pub deadline: Option<Instant>,
}

/// What a provider's records say.
pub(crate) struct Collected {
    /// Each event once, oldest first.
    pub(crate) expected: Vec<Expected>,
    pub(crate) notes: Vec<String>,
    /// Why a part of the window was not read.
    pub(crate) left: Option<String>,
    /// How far lists without times were read, to be stored when all of it is on the queue.
    pub(crate) cursors: Vec<Cursor>,
}

impl<Q: EventsQueue, L: Ledger, S: SecretSource> Reconciler<Q, L, S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn new(settings: &Settings, ports: Ports<Q, L, S>) -> PortResult<Self> {
        Ok(Self {
            ports,
            profile: settings.api.profile,
            records: settings.records.clone(),
            overlap: Duration::minutes(settings.overlap_minutes.into()),
            endpoint: Endpoint::beside_workers(&settings.api, settings.timeout)?,
            base: settings.api.base.to_string(),
            clock: Arc::new(SystemClock),
        })
    }

    /// Takes the time from another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        let endpoint = self.endpoint.with_clock(Arc::clone(&clock));
        Self { endpoint, clock, ..self }
    }

    pub fn provider(&self) -> Provider {
        self.profile.provider
    }

    /// Runs once. A run may be repeated, stopped at any point, and concurrent with others.
    ///
    /// # Errors
    /// When nothing could be read. A later failure is in [`Report::left`].
    pub async fn run(&self, job: &Job) -> Result<Report, RunError> {
        let outcome = self.report(job).await;
        match &outcome {
            Ok(report) => telemetry::reconciled(report),
            Err(error) if error.is_key_refused() => telemetry::key_refused(self.provider()),
            Err(_) => {}
        }
        outcome
    }

    async fn report(&self, job: &Job) -> Result<Report, RunError> {
        let began = self.clock.now();
        let last = last_run(&self.ports.ledger, self.provider());
        let last_began = last.get().await?;
        if last_began.is_none() && !job.is_dry_run {
            // Nothing before the first start is missing, but for what failed within the overlap.
            last.set(began).await?;
        }
        let first = self.first(job, last_began, began).await?;
        let due = self.due(job, first, began).await?;
        let since = self.since(job, last_began, began);
        let since = due.map_or(since, |due| since.min(due.begin()));
        let api = (&self.endpoint, self.base.as_str());
        let client = ApiClient::open(&self.profile.api, api, &self.ports.key, job.deadline).await?;
        let Collected { expected, mut notes, left: unread, cursors } = match &self.records {
            Records::CertCentral => certcentral::collect(&client, since, began, due).await?,
            Records::Cloudflare { account, .. } => {
                // The history does not say what was taken. Without a record of an event that arrived, it is
                // not believed.
                cloudflare::collect(&client, account, since.max(first), began).await?
            }
            Records::Certspotter { domains } => {
                certspotter::collect(&client, &self.ports.ledger, domains, began).await?
            }
        };
        if matches!(self.records, Records::Cloudflare { .. })
            && since < first
            && job.window_minutes.is_some()
        {
            let first = rfc3339(first);
            notes.push(format!("what was sent before {first}, the first start, is not compared"));
        }
        let sent = expected.len();
        let day = due.map(|due| due.day);
        let Sorted { arrived, mut rows, missed } =
            sort(&self.ports.ledger, expected, first, began, day).await?;
        if let Records::Cloudflare { account, .. } = &self.records
            && arrived.is_empty()
            && sent > 0
        {
            // An account may be quiet: then an older record says that the shapes are the same.
            let (ledger, before) = (&self.ports.ledger, since.max(first));
            if !cloudflare::is_any_known(&client, account, ledger, first, before).await? {
                return Err(RunError::ShapesDiffer { sent });
            }
        }
        let owner = owner(began);
        let recovery = Recovery {
            events: &self.ports.events,
            ledger: &self.ports.ledger,
            clock: &*self.clock,
            owner: &owner,
            is_dry_run: job.is_dry_run,
            deadline: job.deadline,
        };
        let (recovered, left) = recovery.run(missed).await;
        if left.is_none() && !job.is_dry_run {
            certspotter::advance(&self.ports.ledger, cursors, began).await?;
        }
        let mut left = left.or(unread);
        if let (Records::Certspotter { domains }, false) = (&self.records, job.is_dry_run) {
            let Ports { events, ledger, .. } = &self.ports;
            let found = certspotter::find_missing(&client, events, ledger, domains, began).await;
            left = left.or(found.err().map(|error| error.to_string()));
        }
        if let (Records::Cloudflare { account, domains }, false) = (&self.records, job.is_dry_run) {
            let (ledger, of) = (&self.ports.ledger, (account.as_str(), domains.as_slice()));
            match cloudflare::announce_packs(&client, ledger, of, began).await {
                Ok(note) => notes.extend(note),
                Err(error) => left = left.or(Some(error.to_string())),
            }
        }
        rows.extend(recovered);
        let mut report = Report {
            provider: self.provider(),
            window_minutes: u32::try_from((began - since).whole_minutes()).unwrap_or(MAX_WINDOW),
            is_dry_run: job.is_dry_run,
            counts: Counts::of(arrived.len(), &rows),
            rows,
            notes,
            figure: None,
            left,
        };
        if report.left.is_none() && !job.is_dry_run {
            // A shorter window leaves a gap, which remains for a further run. What is too old is not read by
            // any run.
            let oldest = began - Duration::minutes(MAX_WINDOW.into());
            if last_began.is_none_or(|last| since <= last.max(oldest)) {
                last.set(began).await?;
            }
            if let Some(due) = due {
                report.figure = Some(self.tell_figure(due, &arrived, &report.rows).await?);
            }
        }
        Ok(report)
    }

    /// When the ledger's record begins, or the furthest that a run looks back. It is stored anew before the
    /// ledger forgets it.
    async fn first(
        &self,
        job: &Job,
        last_began: Option<OffsetDateTime>,
        began: OffsetDateTime,
    ) -> PortResult<OffsetDateTime> {
        let kept = first_run(&self.ports.ledger, self.provider());
        let known = kept.get().await?;
        let oldest = began - Duration::minutes(MAX_WINDOW.into());
        let first = known.or(last_began).unwrap_or(began).max(oldest);
        let is_fresh = known.is_some_and(|known| known > oldest - Duration::days(90));
        if !is_fresh && !job.is_dry_run {
            kept.set(first).await?;
        }
        Ok(first)
    }

    /// The day whose figure this run is to say, if it is complete.
    async fn due(
        &self,
        job: &Job,
        first: OffsetDateTime,
        began: OffsetDateTime,
    ) -> PortResult<Option<DueDay>> {
        // Cert Spotter does not say when it found a certificate.
        if !job.is_scheduled || matches!(self.records, Records::Certspotter { .. }) {
            return Ok(None);
        }
        let last = last_figure(&self.ports.ledger, self.provider()).get().await?;
        // The clock may have been set back since.
        let last = last.filter(|last| *last <= began);
        Ok(DueDay::after(last.unwrap_or(first).to_offset(UtcOffset::UTC).date(), began))
    }

    /// The beginning of the window.
    fn since(
        &self,
        job: &Job,
        last_began: Option<OffsetDateTime>,
        began: OffsetDateTime,
    ) -> OffsetDateTime {
        let oldest = began - Duration::minutes(MAX_WINDOW.into());
        if let Some(minutes) = job.window_minutes {
            return (began - Duration::minutes(minutes.into())).max(oldest);
        }
        // The clock may have been set back since.
        let last = last_began.unwrap_or(began).min(began);
        // What was taken is judged when it has had time to be delivered, so it must still be in the window then.
        let since = last - self.overlap.max(DELIVERY_TIME);
        if last_began.is_some() && began - last > self.overlap {
            telemetry::gap(self.provider(), began - last);
        }
        if since < oldest {
            telemetry::beyond_records(self.provider(), oldest - since);
        }
        since.max(oldest)
    }

    async fn tell_figure(
        &self,
        due: DueDay,
        arrived: &[Arrived],
        rows: &[Row],
    ) -> PortResult<Figure> {
        last_figure(&self.ports.ledger, self.provider()).set(due.begin()).await?;
        let figure = Figure::of(due.day, arrived, rows);
        telemetry::days_without_figure(self.provider(), due);
        telemetry::figure(self.provider(), figure);
        Ok(figure)
    }
}

/// A name that no other run has, since a process makes one run of a provider at a time.
fn owner(began: OffsetDateTime) -> String {
    format!("reconciler/{}/{}", std::process::id(), began.unix_timestamp_nanos())
}
