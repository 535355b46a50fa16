//! The worker: a batch of the events queue comes in, certificate events go onto the deliveries queue, or
//! to a topic that it is subscribed to.

mod batch;

use std::process::ExitCode;
use std::sync::Arc;

use aws::{
    AwsDeliveries, DeliveriesTarget, DynamoLedger, S3Archive, Session, SqsEvents, StoredSecret,
};
use boot::Environment;
use lambda::StartError;
use processing::{Keys, Ports, Settings, Worker};
use providers::profile;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::main(start).await
}

async fn start(environment: Environment) -> Result<(), StartError> {
    let settings = Settings::from_environment(&environment)?;
    let required = |variable| environment.required(variable);
    let events = required("EVENTS_QUEUE_URL")?;
    let deliveries = DeliveriesTarget::from_environment(&environment)?;
    let (ledger, archive) = (required("LEDGER_TABLE")?, required("ARCHIVE_BUCKET")?);
    let session = Session::start(&environment)?;
    let keys: Keys<_> = profile::ALL
        .iter()
        .filter_map(|profile| {
            let variable = profile.api.secret_id_variable;
            let id = environment.optional(variable)?;
            Some((profile.provider, StoredSecret::new(&session, variable, id)))
        })
        .collect();
    let ports = Ports {
        events: SqsEvents::new(&session, events),
        deliveries: AwsDeliveries::new(&session, deliveries),
        ledger: DynamoLedger::new(&session, ledger),
        archive: S3Archive::new(&session, archive),
    };
    let worker = Arc::new(Worker::new(&settings, ports, keys)?);
    lambda::answer(&environment, |event| batch::process(Arc::clone(&worker), event)).await
}
