use std::time::Instant;

use envelope::Provider;
use ports::{EventsQueue, Ledger, PortResult, SecretSource};
use processing::Endpoint;
use providers::profile::Profile;
use time::{Duration, OffsetDateTime};

use crate::client::{ApiClient, RunError};
use crate::collate::Missed;
use crate::last_run::{last_figure, last_run};
use crate::recover::{Recovery, Sorted, sort};
use crate::report::{Counts, Report};
use crate::settings::{MAX_WINDOW, Records};
use crate::{Settings, certcentral, cloudflare, telemetry};

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
}

/// The parameters of one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Job {
    /// How far back to look, in minutes; at most [`MAX_WINDOW`]. `None` for back to the last complete run,
    /// and as much further as the overlap is.
    pub window_minutes: Option<u32>,
    /// Whether to report only, and put nothing on the queue.
    pub is_dry_run: bool,
    /// When to stop and report what is left; `None` for no limit.
    pub deadline: Option<Instant>,
}

/// What a provider's records say.
pub(crate) struct Collected {
    /// The number of events that they show as taken.
    pub(crate) known: usize,
    /// The others, oldest first.
    pub(crate) missed: Vec<Missed>,
    pub(crate) notes: Vec<String>,
    /// Why a part of the window was not read.
    pub(crate) left: Option<String>,
    /// The records say only what was sent. Without one that is known to have arrived, they are not believed.
    pub(crate) must_match: bool,
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
        })
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
        let began = OffsetDateTime::now_utc();
        let last = last_run(&self.ports.ledger, self.provider());
        let last_began = last.get().await?;
        if last_began.is_none() && !job.is_dry_run {
            // Nothing before the first start is missing, but for the overlap.
            last.set(began).await?;
        }
        let since = self.since(job, last_began, began);
        let api = (&self.endpoint, self.base.as_str());
        let client = ApiClient::open(&self.profile.api, api, &self.ports.key, job.deadline).await?;
        let Collected { known: taken, missed, notes, left: unread, must_match } =
            match &self.records {
                Records::CertCentral => certcentral::collect(&client, since, began).await?,
                Records::Cloudflare { account } => {
                    cloudflare::collect(&client, account, since, began).await?
                }
            };
        let sent = missed.len();
        let Sorted { known, mut rows, missed } = sort(&self.ports.ledger, missed).await?;
        if must_match && known == 0 && sent > 0 {
            return Err(RunError::ShapesDiffer { sent });
        }
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
        let report = Report {
            provider: self.provider(),
            window_minutes: u32::try_from((began - since).whole_minutes()).unwrap_or(MAX_WINDOW),
            is_dry_run: job.is_dry_run,
            counts: Counts::of(taken + known, &rows),
            rows,
            notes,
            left: left.or(unread),
        };
        if report.left.is_none() && !job.is_dry_run {
            // A shorter window leaves a gap, which remains for a further run. What is too old is not read by
            // any run.
            let oldest = began - Duration::minutes(MAX_WINDOW.into());
            if last_began.is_none_or(|last| since <= last.max(oldest)) {
                last.set(began).await?;
            }
            self.tell_figure(&report, began).await?;
        }
        Ok(report)
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
        let since = last - self.overlap;
        if last_began.is_some() && began - last > self.overlap {
            telemetry::gap(self.provider(), began - last);
        }
        if since < oldest {
            telemetry::beyond_records(self.provider(), oldest - since);
        }
        since.max(oldest)
    }

    /// One figure a day, by complete runs.
    async fn tell_figure(&self, report: &Report, began: OffsetDateTime) -> PortResult<()> {
        let last = last_figure(&self.ports.ledger, self.provider());
        if last.get().await?.is_some_and(|logged| logged.date() == began.date()) {
            return Ok(());
        }
        last.set(began).await?;
        telemetry::figure(report);
        Ok(())
    }
}

/// A name that no other run has, since a process makes one run of a provider at a time.
fn owner(began: OffsetDateTime) -> String {
    format!("reconciler/{}/{}", std::process::id(), began.unix_timestamp_nanos())
}
