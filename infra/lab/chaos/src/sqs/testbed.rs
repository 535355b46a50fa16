use anyhow::Result;
use harness::Emulator;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::planted_secrets;
use crate::sqs::functions::Functions;
use crate::sqs::process_under_test::ProcessUnderTest;
use crate::sqs::proxy::Proxy;
use crate::sqs::request::Caller;
use crate::sqs::webhook_functions::WebhookFunctions;
use harness::SecretScanner;

const LEDGER: &str = "ledger";
pub(crate) const ARCHIVE: &str = "archive";

/// The functions, with a proxy between them and the emulator and simulated providers.
pub(crate) struct Testbed {
    pub(crate) emulator: Emulator,
    pub(crate) simulator: Simulator,
    pub(crate) proxy: Proxy,
    pub(crate) webhooks: WebhookFunctions,
    pub(crate) worker: ProcessUnderTest,
    pub(crate) events: String,
    pub(crate) deliveries: String,
}

impl Testbed {
    pub(crate) async fn start(functions: &Functions, scanner: &SecretScanner) -> Result<Self> {
        let emulator = Emulator::start().await?;
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
        let worker =
            ProcessUnderTest::new(Caller::Worker, &functions.worker, variables, scanner.clone());
        let webhooks = WebhookFunctions::new(
            functions,
            &webhook_variables(&emulator, &proxy, &events),
            scanner,
        );
        Ok(Self { emulator, simulator, proxy, webhooks, worker, events, deliveries })
    }

    pub(crate) fn kills(&self) -> u64 {
        self.worker.kills + self.webhooks.kills()
    }

    /// Ends the lease of an event, as time would. A run is too short to wait for leases that a kill left.
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
        // The update is refused if there is no claim, which is fine.
        let _ = self.emulator.call("dynamodb", "DynamoDB_20120810.UpdateItem", update).await;
    }

    /// The whole ledger as text.
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

/// The variables for a function that calls AWS through the proxy. Of two with the same name, the later one
/// applies.
fn proxied(emulator: &Emulator, proxy: &Proxy, caller: Caller) -> Vec<(String, String)> {
    let mut variables = emulator.environment();
    variables.push(("AWS_ENDPOINT_URL".to_owned(), proxy.address(caller).to_owned()));
    variables
}

fn webhook_variables(emulator: &Emulator, proxy: &Proxy, events: &str) -> Vec<(String, String)> {
    let mut variables = proxied(emulator, proxy, Caller::Webhook);
    variables.push(("EVENTS_QUEUE_URL".to_owned(), events.to_owned()));
    variables
}

fn worker_variables(
    emulator: &Emulator,
    proxy: &Proxy,
    events: &str,
    deliveries: &str,
) -> Vec<(String, String)> {
    let mut variables = proxied(emulator, proxy, Caller::Worker);
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
