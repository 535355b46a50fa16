//! The reconciler: runs on a schedule, and puts events that a provider sent, or failed to send, and that did
//! not arrive on the events queue.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws::{DynamoLedger, Session, SqsEvents, StoredSecret};
use boot::Environment;
use envelope::Provider;
use lambda::{LambdaEvent, StartError};
use providers::profile;
use reconciliation::{Counts, Job, Ports, Reconciler, Settings};
use serde::Serialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;

/// The time reserved to finish in order before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(10);
const ACCOUNT: &str = providers::cloudflare::ACCOUNT_VARIABLE;

type AwsReconciler = Reconciler<SqsEvents, DynamoLedger, StoredSecret>;

/// The numbers of a run: CertCentral's, and Cloudflare's where its records are compared too.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    certcentral: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloudflare: Option<Counts>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::main(start).await
}

async fn start(environment: Environment) -> Result<(), StartError> {
    let required = |variable| environment.required(variable);
    let (events, ledger) = (required("EVENTS_QUEUE_URL")?, required("LEDGER_TABLE")?);
    let [key, token] = [Provider::DIGICERT, Provider::CLOUDFLARE]
        .map(|provider| profile::of(provider).api.secret_id_variable);
    // The one without the other is a mistake: nothing would be compared.
    if environment.optional(ACCOUNT).is_some() || environment.optional(token).is_some() {
        required(ACCOUNT)?;
        required(token)?;
    } else {
        required(key)?;
    }
    let settings = [Provider::DIGICERT, Provider::CLOUDFLARE]
        .map(|provider| Settings::from_environment(&environment, provider));
    let [certcentral, cloudflare] = settings;
    let (certcentral, cloudflare) = (certcentral?, cloudflare?);
    let session = Session::start(&environment)?;
    let canary_ledger = Arc::new(DynamoLedger::new(&session, ledger));
    let reconciler = |settings: Settings| -> Result<Arc<AwsReconciler>, StartError> {
        let variable = settings.api.profile.api.secret_id_variable;
        let ports = Ports {
            events: SqsEvents::new(&session, events),
            ledger: DynamoLedger::new(&session, ledger),
            key: StoredSecret::new(&session, variable, environment.required(variable)?),
        };
        Ok(Arc::new(Reconciler::new(&settings, ports)?))
    };
    let certcentral = certcentral.filter(|_| environment.optional(key).is_some());
    let certcentral = certcentral.map(reconciler).transpose()?;
    let cloudflare = cloudflare.map(reconciler).transpose()?;
    lambda::answer(&environment, |event: LambdaEvent<IgnoredAny>| {
        let deadline = lambda::deadline(&event.context, RESERVE);
        let job = Job { deadline, is_scheduled: true, ..Job::default() };
        let reconcilers = (certcentral.clone(), cloudflare.clone());
        let canary_ledger = Arc::clone(&canary_ledger);
        async move {
            // The age is measured here, since this runs every 15 minutes whether or not a canary arrives.
            let now = OffsetDateTime::now_utc();
            if let Err(error) = processing::canary_age(&*canary_ledger, now).await {
                tracing::warn!(%error, "lookup of the canary's age failed");
            }
            // One provider's failure does not keep the other from being compared.
            let certcentral = run(reconcilers.0, &job).await;
            let cloudflare = run(reconcilers.1, &job).await;
            let certcentral = certcentral?.unwrap_or_default();
            Ok::<_, String>(Answer { certcentral, cloudflare: cloudflare? })
        }
    })
    .await
}

/// Fails an incomplete run, so that the alarm is raised. What the run did stays done.
async fn run(reconciler: Option<Arc<AwsReconciler>>, job: &Job) -> Result<Option<Counts>, String> {
    let Some(reconciler) = reconciler else { return Ok(None) };
    let provider = reconciler.provider();
    let report = reconciler.run(job).await.map_err(|error| error.to_string());
    let outcome = report.and_then(|report| match report.left {
        None => Ok(Some(report.counts)),
        Some(left) => Err(left),
    });
    if let Err(error) = &outcome {
        tracing::error!(%provider, error, "reconciliation is incomplete");
    }
    outcome
}
