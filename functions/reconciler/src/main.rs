//! The reconciler: runs on a schedule, and puts events that CertCentral failed to send on the events
//! queue.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws::{DynamoLedger, Session, SqsEvents, StoredSecret};
use boot::Environment;
use lambda::{LambdaEvent, StartError};
use reconciliation::{Counts, Job, Ports, Reconciler, Settings};
use serde::de::IgnoredAny;
use time::OffsetDateTime;

/// The time reserved to finish in order before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(10);
const API_KEY: &str = "DIGICERT_API_SECRET_ID";

type AwsReconciler = Reconciler<SqsEvents, DynamoLedger, StoredSecret>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::main(start).await
}

async fn start(environment: Environment) -> Result<(), StartError> {
    let settings = Settings::from_environment(&environment)?;
    let required = |variable| environment.required(variable);
    let (events, ledger) = (required("EVENTS_QUEUE_URL")?, required("LEDGER_TABLE")?);
    let key = required(API_KEY)?;
    let session = Session::start(&environment)?;
    let canary_ledger = Arc::new(DynamoLedger::new(&session, ledger));
    let ports = Ports {
        events: SqsEvents::new(&session, events),
        ledger: DynamoLedger::new(&session, ledger),
        key: StoredSecret::new(&session, API_KEY, key),
    };
    let reconciler = Arc::new(Reconciler::new(&settings, ports)?);
    let window_minutes = settings.window_minutes;
    lambda::answer(&environment, |event: LambdaEvent<IgnoredAny>| {
        let deadline = lambda::deadline(&event.context, RESERVE);
        let job = Job { window_minutes, is_dry_run: false, deadline };
        let (reconciler, canary_ledger) = (Arc::clone(&reconciler), Arc::clone(&canary_ledger));
        async move {
            // The age is measured here, since this runs every 15 minutes whether or not a canary arrives.
            let now = OffsetDateTime::now_utc();
            if let Err(error) = processing::canary_age(&*canary_ledger, now).await {
                tracing::warn!(%error, "lookup of the canary's age failed");
            }
            run(reconciler, job).await
        }
    })
    .await
}

/// Fails an incomplete run, so that the alarm is raised. What the run did stays done.
async fn run(reconciler: Arc<AwsReconciler>, job: Job) -> Result<Counts, String> {
    let report = reconciler.run(&job).await.map_err(|error| error.to_string())?;
    match report.left {
        None => Ok(report.counts),
        Some(left) => Err(left),
    }
}
