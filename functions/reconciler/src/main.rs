//! The reconciler: runs on a schedule, and puts on the events queue what CertCentral failed to send.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws::{DynamoLedger, Session, SqsEvents, StoredSecret};
use boot::Environment;
use lambda::{LambdaEvent, StartError};
use reconciliation::{Counts, Job, Ports, Reconciler, Settings};
use serde::de::IgnoredAny;
use time::OffsetDateTime;

/// To end what is under way, before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(10);
const KEY: &str = "DIGICERT_API_SECRET_ID";

type OnAws = Reconciler<SqsEvents, DynamoLedger, StoredSecret>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::main(start).await
}

async fn start(environment: Environment) -> Result<(), StartError> {
    let settings = Settings::from_environment(&environment)?;
    let required = |variable| environment.required(variable);
    let (events, ledger) = (required("EVENTS_QUEUE_URL")?, required("LEDGER_TABLE")?);
    let key = required(KEY)?;
    let session = Session::start(&environment)?;
    let canaries = Arc::new(DynamoLedger::new(&session, ledger));
    let ports = Ports {
        events: SqsEvents::new(&session, events),
        ledger: DynamoLedger::new(&session, ledger),
        key: StoredSecret::new(&session, KEY, key),
    };
    let reconciler = Arc::new(Reconciler::new(&settings, ports)?);
    let window_minutes = settings.window_minutes;
    lambda::answer(&environment, |event: LambdaEvent<IgnoredAny>| {
        let deadline = lambda::deadline(&event.context, RESERVE);
        let job = Job { window_minutes, is_dry_run: false, deadline };
        let (reconciler, canaries) = (Arc::clone(&reconciler), Arc::clone(&canaries));
        async move {
            // Here, since this runs each 15 minutes, whether or not a canary arrives.
            if let Err(error) = processing::canary_age(&*canaries, OffsetDateTime::now_utc()).await
            {
                tracing::warn!("{error}; the age of the canary is not known");
            }
            run(reconciler, job).await
        }
    })
    .await
}

/// A run that leaves something fails, so that the alarm sounds; what it did is done all the same.
async fn run(reconciler: Arc<OnAws>, job: Job) -> Result<Counts, String> {
    let report = reconciler.run(&job).await.map_err(|fault| fault.to_string())?;
    match report.left {
        None => Ok(report.counts),
        Some(left) => Err(left),
    }
}
