use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use envelope::Provider;
use harness::{Emulator, InvocationResult, SecretScanner, sample};
use providers::profile;
use serde_json::{Map, Value, json};
use simulator::Simulator;

use crate::acknowledgements::{Acknowledgements, Response};
use crate::events::Event;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::{self, CHALLENGE, api_variables, stored};
use crate::sqs::action::Action;
use crate::sqs::event_source_mapping::{Deletion, depth, poll};
use crate::sqs::process_under_test::{Invocation, ProcessUnderTest};
use crate::sqs::proxy::Proxy;
use crate::sqs::request::Caller;
use crate::testbed::Testbed;

const LEDGER: &str = "ledger";
const ARCHIVE: &str = "archive";
/// How often a provider sends an event that is not answered with 200.
const MAX_SENDS: u32 = 100;
/// Requeued messages wait for seconds. A run that waits longer than this has lost something.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);

/// The functions, with a proxy between them and the emulator and simulated providers.
pub(crate) struct SqsTestbed {
    emulator: Emulator,
    pub(crate) simulator: Simulator,
    pub(crate) proxy: Proxy,
    webhooks: Vec<(Provider, ProcessUnderTest)>,
    pub(crate) worker: ProcessUnderTest,
    events: String,
    deliveries: String,
    acknowledgements: Acknowledgements,
    scanner: SecretScanner,
}

impl SqsTestbed {
    pub(crate) fn kills(&self) -> u64 {
        self.worker.kills + self.webhooks.iter().map(|(_, webhook)| webhook.kills).sum::<u64>()
    }

    /// Calls an operation of the events queue.
    pub(crate) async fn queue(&self, operation: &str, mut request: Value) -> Result<Value> {
        request["QueueUrl"] = json!(self.events);
        self.emulator.call("sqs", &format!("AmazonSQS.{operation}"), request).await
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

    /// Counts the secrets in the archive and in the ledger, which holds the tokens of challenges.
    async fn search(&self) -> Result<u64> {
        let mut found = 0;
        for key in self.emulator.keys(ARCHIVE).await? {
            found += self.scanner.count(&self.emulator.object(ARCHIVE, &key).await?);
        }
        let scan = json!({ "TableName": LEDGER });
        let ledger = self.emulator.call("dynamodb", "DynamoDB_20120810.Scan", scan).await?;
        Ok(found + self.scanner.without(CHALLENGE).count(&ledger.to_string()))
    }
}

impl Testbed for SqsTestbed {
    async fn start(programs: &Programs, scanner: SecretScanner) -> Result<Self> {
        let emulator = Emulator::start().await?;
        let simulator = secrets::simulator().await?;
        let proxy =
            Proxy::start(emulator.endpoint(), &format!("http://{}", simulator.address())).await?;
        let (events, deliveries) =
            (emulator.create_queue("events").await?, emulator.create_queue("deliveries").await?);
        emulator.create_table(LEDGER).await?;
        emulator.create_bucket(ARCHIVE).await?;

        // Of two variables with the same name, the later one applies.
        let variables = |caller| {
            let mut variables = emulator.environment();
            variables.push(("AWS_ENDPOINT_URL".to_owned(), proxy.address(caller).to_owned()));
            variables.push(("EVENTS_QUEUE_URL".to_owned(), events.clone()));
            variables
        };
        let function = |caller, binary, variables| {
            ProcessUnderTest::new(caller, binary, variables, scanner.clone())
        };
        let own = [
            ("DELIVERIES_QUEUE_URL", deliveries.clone()),
            ("LEDGER_TABLE", LEDGER.to_owned()),
            ("ARCHIVE_BUCKET", ARCHIVE.to_owned()),
        ];
        let mut of_worker = variables(Caller::Worker);
        of_worker.extend(own.map(|(name, value)| (name.to_owned(), value)));
        of_worker.extend(api_variables(|name| proxy.provider_base(&simulator.base_of(name))));
        let mut webhooks = Vec::new();
        for (provider, binary) in &programs.webhooks {
            let profile = profile::of(*provider);
            let [webhook, api] = ["webhook", "api"].map(|kind| format!("{}-{kind}", profile.name));
            emulator.create_secret(&webhook, &stored(profile.webhook_secret)).await?;
            emulator.create_secret(&api, &stored(&[profile.api.secret])).await?;
            of_worker.push((profile.api.secret_id_variable.to_owned(), api));
            let mut of_webhook = variables(Caller::Webhook);
            of_webhook.push(("WEBHOOK_SECRET_ID".to_owned(), webhook));
            webhooks.push((*provider, function(Caller::Webhook, binary, of_webhook)));
        }
        let worker = function(Caller::Worker, &programs.worker, of_worker);
        let acknowledgements = Acknowledgements::new(scanner.clone());
        Ok(Self {
            emulator,
            simulator,
            proxy,
            webhooks,
            worker,
            events,
            deliveries,
            acknowledgements,
            scanner,
        })
    }

    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    async fn send(&mut self, event: &Event) -> Result<()> {
        let Self { webhooks, proxy, acknowledgements, .. } = self;
        let function = webhooks.iter_mut().find(|(it, _)| *it == event.profile.provider);
        let (provider, function) = function.context("the provider has no webhook function")?;
        let invocation = invocation(event)?;
        for _ in 0..MAX_SENDS {
            let Invocation::Answered(InvocationResult::Response(response)) =
                function.invoke(invocation.clone(), proxy).await?
            else {
                continue;
            };
            let response = Response {
                status: response["statusCode"].as_u64().unwrap_or_default(),
                headers: response["headers"].to_string(),
                body: response["body"].as_str().unwrap_or_default().to_owned(),
            };
            if acknowledgements.take(event, &response)? {
                return Ok(());
            }
        }
        bail!("the webhook function of {provider} did not accept an event in {MAX_SENDS} attempts");
    }

    async fn drain(&mut self, challenges: u64) -> Result<()> {
        self.proxy.set_policy(Box::new(|_, _| Action::Forward));
        self.simulator.faults().clear();
        let until = Instant::now() + PATIENCE;
        loop {
            while poll(self, Deletion::Made).await? {}
            let depth = depth(self).await?;
            if depth.visible == 0 && depth.hidden <= challenges {
                return Ok(());
            }
            ensure!(Instant::now() < until, "the queue does not become empty: {depth:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn evaluate(mut self, row: Row) -> Result<Row> {
        let mut leaked = self.acknowledgements.leaked;
        let webhooks = self.webhooks.iter_mut().map(|(_, webhook)| webhook);
        for function in webhooks.chain([&mut self.worker]) {
            function.kill()?;
            leaked += function.leaked;
        }
        let mut delivered: BTreeMap<String, u64> = BTreeMap::new();
        for message in self.emulator.receive_all(&self.deliveries).await? {
            leaked += self.scanner.count(&message.to_string());
            *delivered.entry(id(&message)?).or_default() += 1;
        }
        leaked += self.search().await?;
        let trace = self.proxy.trace();
        for unexplained in trace.unexplained() {
            eprintln!("{}: {unexplained}", row.scenario);
        }
        let mut row = row.compared(&self.acknowledgements.accepted, &delivered);
        row.faults = trace.faults;
        row.kills = self.kills();
        row.unexplained += trace.unexplained().len() as u64;
        row.leaked = leaked;
        row.at.clone_from(&trace.at);
        row.measure("worker_peak_kib", self.worker.peak_kib);
        row.measure("published_again_after", json!(trace.repeats()));
        Ok(row)
    }
}

fn id(message: &Value) -> Result<String> {
    let event: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
    Ok(event["id"].as_str().unwrap_or_default().to_owned())
}

/// The event with which API Gateway invokes the function: that of the provider's sample, with other headers and
/// another body.
fn invocation(event: &Event) -> Result<String> {
    let mut invocation: Value =
        serde_json::from_str(&sample(&format!("{}.rest.json", event.profile.name))?)?;
    let request = event.request()?;
    for (member, all) in [("headers", false), ("multiValueHeaders", true)] {
        let headers = invocation[member].as_object_mut();
        let headers = headers.with_context(|| format!("the sample has no {member}"))?;
        for (name, value) in &request.headers {
            headers.retain(|other, _| !other.eq_ignore_ascii_case(name));
            let value = if all { json!([value]) } else { json!(value) };
            headers.insert((*name).to_owned(), value);
        }
    }
    invocation["httpMethod"] = request.method.as_str().into();
    let query = form_urlencoded::parse(request.query.as_bytes());
    let query: Map<_, _> = query.map(|(name, value)| (name.into(), json!([value]))).collect();
    invocation["multiValueQueryStringParameters"] = query.into();
    invocation["body"] = String::from_utf8(request.body)?.into();
    Ok(invocation.to_string())
}
