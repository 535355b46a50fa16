use std::path::PathBuf;

use anyhow::Result;
use envelope::Provider;
use harness::Emulator;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::planted_secrets;
use crate::sqs::doors::Doors;
use crate::sqs::proxy::Proxy;
use crate::sqs::victim::Victim;
use crate::sqs::wire::Caller;
use harness::SecretScanner;

const LEDGER: &str = "ledger";
pub(crate) const ARCHIVE: &str = "archive";

/// Compiled functions. Without doors the events are put onto the queue as their doors would.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    pub worker: PathBuf,
    pub doors: Vec<(Provider, PathBuf)>,
}

/// Emulator and providers, with the functions on the other side of a proxy.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) simulator: Simulator,
    pub(crate) proxy: Proxy,
    pub(crate) doors: Doors,
    pub(crate) worker: Victim,
    pub(crate) events: String,
    pub(crate) deliveries: String,
}

impl Stage {
    /// `None` without an emulator.
    pub(crate) async fn set(
        functions: &Functions,
        scanner: &SecretScanner,
    ) -> Result<Option<Self>> {
        let Some(emulator) = Emulator::start().await? else { return Ok(None) };
        let settings = Settings {
            digicert_api_key: Some(planted_secrets::DIGICERT_API_KEY.into()),
            cloudflare_api_token: Some(planted_secrets::CLOUDFLARE_API_TOKEN.into()),
            meta_access_token: Some(planted_secrets::META_ACCESS_TOKEN.into()),
            ..Settings::default()
        };
        let simulator = Simulator::start("127.0.0.1:0".parse()?, settings).await?;
        let proxy =
            Proxy::start(emulator.endpoint(), &format!("http://{}", simulator.address())).await?;
        let (events, deliveries) =
            (emulator.create_queue("events").await?, emulator.create_queue("deliveries").await?);
        emulator.create_table(LEDGER).await?;
        emulator.create_bucket(ARCHIVE).await?;
        for (name, value) in secrets() {
            emulator.create_secret(name, &value.to_string()).await?;
        }
        let variables = worker_variables(&emulator, &proxy, &events, &deliveries);
        let worker = Victim::new(Caller::Worker, &functions.worker, variables, scanner.clone());
        let doors = Doors::new(functions, &door_variables(&emulator, &proxy, &events), scanner);
        Ok(Some(Self { emulator, simulator, proxy, doors, worker, events, deliveries }))
    }

    pub(crate) fn kills(&self) -> u64 {
        self.worker.kills + self.doors.kills()
    }

    /// What time would do, of which a run has none: the leases that a kill left behind end.
    pub(crate) async fn end_lease(&self, id: &str) {
        let text = |text: &str| json!({ "S": text });
        let update = json!({
            "TableName": LEDGER,
            "Key": { "pk": text(&format!("event#{id}")), "sk": text("state") },
            "UpdateExpression": "SET lease_until = :past",
            "ConditionExpression": "#state = :claimed",
            "ExpressionAttributeNames": { "#state": "state" },
            "ExpressionAttributeValues": { ":past": { "N": "0" }, ":claimed": text("claimed") },
        });
        // Refused where there is no claim, which is as good.
        let _ = self.emulator.call("dynamodb", "DynamoDB_20120810.UpdateItem", update).await;
    }

    /// Everything that is in the ledger, as text.
    pub(crate) async fn ledger(&self) -> Result<String> {
        let scan = json!({ "TableName": LEDGER });
        let found = self.emulator.call("dynamodb", "DynamoDB_20120810.Scan", scan).await?;
        Ok(found.to_string())
    }
}

fn secrets() -> [(&'static str, Value); 6] {
    [
        ("digicert-webhook", json!({ "webhook_key": planted_secrets::DIGICERT_KEY })),
        ("cloudflare-webhook", json!({ "webhook_auth": planted_secrets::CLOUDFLARE_AUTH })),
        (
            "meta-ct-webhook",
            json!({ "app_secret": planted_secrets::META_SECRET, "verify_token": planted_secrets::META_TOKEN }),
        ),
        ("digicert-api", json!({ "api_key": planted_secrets::DIGICERT_API_KEY })),
        ("cloudflare-api", json!({ "api_token": planted_secrets::CLOUDFLARE_API_TOKEN })),
        ("meta-api", json!({ "access_token": planted_secrets::META_ACCESS_TOKEN })),
    ]
}

/// The later one of two with the same name counts.
fn through(emulator: &Emulator, proxy: &Proxy, caller: Caller) -> Vec<(String, String)> {
    let mut variables = emulator.environment();
    variables.push(("AWS_ENDPOINT_URL".to_owned(), proxy.address(caller).to_owned()));
    variables
}

fn door_variables(emulator: &Emulator, proxy: &Proxy, events: &str) -> Vec<(String, String)> {
    let mut variables = through(emulator, proxy, Caller::Door);
    variables.push(("EVENTS_QUEUE_URL".to_owned(), events.to_owned()));
    variables
}

fn worker_variables(
    emulator: &Emulator,
    proxy: &Proxy,
    events: &str,
    deliveries: &str,
) -> Vec<(String, String)> {
    let mut variables = through(emulator, proxy, Caller::Worker);
    let address = proxy.address(Caller::Worker);
    let own = [
        ("EVENTS_QUEUE_URL", events.to_owned()),
        ("DELIVERIES_QUEUE_URL", deliveries.to_owned()),
        ("LEDGER_TABLE", LEDGER.to_owned()),
        ("ARCHIVE_BUCKET", ARCHIVE.to_owned()),
        ("DIGICERT_API_SECRET_ID", "digicert-api".to_owned()),
        ("DIGICERT_API_BASE", format!("{address}/services/v2")),
        ("DIGICERT_API_BUDGET", "none".to_owned()),
        ("CLOUDFLARE_API_SECRET_ID", "cloudflare-api".to_owned()),
        ("CLOUDFLARE_API_BASE", format!("{address}/client/v4")),
        ("CLOUDFLARE_API_BUDGET", "none".to_owned()),
        ("META_API_SECRET_ID", "meta-api".to_owned()),
        ("META_API_BASE", format!("{address}/graph")),
        ("META_API_BUDGET", "none".to_owned()),
        ("META_DOMAINS", "example.com".to_owned()),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
    variables
}
