//! The reconciler: runs on a schedule, and puts events that a provider sent, or failed to send, and that did
//! not arrive on the events queue.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use aws::{DynamoLedger, Session, SqsEvents, StoredSecret};
use boot::Environment;
use envelope::Provider;
use lambda::{Event, StartError};
use ports::PortError;
use providers::profile;
use reconciliation::{Counts, Job, Ports, Reconciler, Settings};
use serde::Serialize;
use time::OffsetDateTime;

/// The time reserved to finish in order before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(10);
/// The providers whose records are compared, each with the setting that it cannot be compared without.
const COMPARED: [(Provider, Option<&str>); 3] = [
    (Provider::DIGICERT, None),
    (Provider::CLOUDFLARE, Some(providers::cloudflare::ACCOUNT_VARIABLE)),
    (Provider::CERTSPOTTER, Some(providers::certspotter::DOMAINS_VARIABLE)),
];

type AwsReconciler = Reconciler<SqsEvents, DynamoLedger, StoredSecret>;

/// The numbers of a run: CertCentral's, and the others' where their records are compared too.
#[derive(Default, Serialize)]
struct Answer {
    #[serde(flatten)]
    certcentral: Counts,
    #[serde(flatten)]
    others: BTreeMap<String, Counts>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::main(start).await
}

async fn start(environment: Environment) -> Result<(), StartError> {
    let required = |variable| environment.required(variable);
    let (events, ledger) = (required("EVENTS_QUEUE_URL")?, required("LEDGER_TABLE")?);
    let secret = |provider| profile::of(provider).api.secret_id_variable;
    let mut settings = Vec::new();
    for (provider, setting) in COMPARED {
        let names = [Some(secret(provider)), setting].into_iter().flatten();
        let is_used = names.clone().any(|name| environment.optional(name).is_some());
        if is_used {
            // The one without the other is a mistake: nothing would be compared.
            names.map(required).collect::<Result<Vec<_>, _>>()?;
            settings.extend(Settings::from_environment(&environment, provider)?);
        }
    }
    if settings.is_empty() {
        required(secret(Provider::DIGICERT))?;
    }
    let session = Session::start(&environment)?;
    let own = (SqsEvents::new(&session, events), DynamoLedger::new(&session, ledger));
    let own = Arc::new(own);
    let reconciler = |settings: Settings| -> Result<Arc<AwsReconciler>, StartError> {
        let variable = settings.api.profile.api.secret_id_variable;
        let ports = Ports {
            events: SqsEvents::new(&session, events),
            ledger: DynamoLedger::new(&session, ledger),
            key: StoredSecret::new(&session, variable, environment.required(variable)?),
        };
        Ok(Arc::new(Reconciler::new(&settings, ports)?))
    };
    let reconcilers = settings.into_iter().map(reconciler).collect::<Result<Vec<_>, _>>()?;
    lambda::answer(&environment, |event: Event| {
        let deadline = lambda::deadline(&event.context, RESERVE);
        let job = Job { deadline, is_scheduled: true, ..Job::default() };
        let reconcilers = reconcilers.clone();
        let own = Arc::clone(&own);
        async move {
            // The age is measured here, since this runs every 15 minutes whether or not a canary arrives.
            let now = OffsetDateTime::now_utc();
            if let Err(error) = processing::canary_age(&own.1, now).await {
                tracing::warn!(%error, "lookup of the canary's age failed");
            }
            let (queue, ledger) = &*own;
            let settled = processing::correlation::settle_due(queue, ledger, None, now).await;
            let unsettled = |error: PortError| {
                tracing::error!(%error, "certificates of the logs were not decided about");
                error.to_string()
            };
            let (mut answer, mut failure) = (Answer::default(), settled.map_err(unsettled).err());
            for reconciler in reconcilers {
                // One provider's failure does not keep the others from being compared.
                match (reconciler.provider(), run(&reconciler, &job).await) {
                    (Provider::DIGICERT, Ok(counts)) => answer.certcentral = counts,
                    (provider, Ok(counts)) => {
                        answer.others.insert(provider.to_string(), counts);
                    }
                    (_, Err(error)) => failure = failure.or(Some(error)),
                }
            }
            failure.map_or(Ok(answer), Err)
        }
    })
    .await
}

/// Fails an incomplete run, so that the alarm is raised. What the run did stays done.
async fn run(reconciler: &AwsReconciler, job: &Job) -> Result<Counts, String> {
    let provider = reconciler.provider();
    let report = reconciler.run(job).await.map_err(|error| error.to_string());
    let outcome = report.and_then(|report| match report.left {
        None => Ok(report.counts),
        Some(left) => Err(left),
    });
    if let Err(error) = &outcome {
        tracing::error!(%provider, error, "reconciliation is incomplete");
    }
    outcome
}
