use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use harness::InvocationResult;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::figures::{self, Figures, WORKER_CPU, WORKER_MEMORY, WORKER_RATE};
use crate::side::Side;
use crate::stage::Stage;
use crate::subject::Subject;

/// The response time of the provider.
pub const CALL_BACK: Duration = Duration::from_millis(200);
/// The number of events in a batch, which is the default of SQS.
pub const BATCH: usize = 10;
/// The number of batches in each figure of the rate.
const RATED: usize = 20;

const DELIVERIES: &str = "deliveries";
/// The name of the worker in figures.
pub const WORKER: &str = "worker";

/// Measures batches of ten, one after the other, in one started worker.
///
/// # Errors
/// A batch did not lead to ten deliveries with a downloaded chain.
pub async fn measure(
    stage: &Stage,
    binaries: &Path,
    rounds: usize,
    figures: &mut Figures,
) -> Result<()> {
    eprintln!("bench: worker, {rounds} batches of {BATCH}, call-backs of {CALL_BACK:?}");
    let simulator = Simulator::start("127.0.0.1:0".parse()?, Settings::default()).await?;
    let side = Side { name: WORKER, title: WORKER, ..Side::ours(binaries.join(WORKER)) };
    let mut worker = Subject::at_gate(&side, stage, &variables(stage, &simulator)).await?;
    let mut batches = Batches::new()?;
    worker.go()?;
    // The first batch includes the TLS handshakes.
    batches.one(&mut worker, stage).await?;

    simulator.delay_by(CALL_BACK);
    for _ in 0..rounds {
        let taken = batches.one(&mut worker, stage).await?;
        figures.push(figures::BATCH, None, WORKER, taken.as_secs_f64() * 1e3);
    }
    figures.push(WORKER_MEMORY, None, WORKER, worker.memory()?.peak as f64);

    eprintln!("bench: worker, {rounds} times {RATED} batches as fast as they go");
    simulator.delay_by(Duration::ZERO);
    for _ in 0..rounds {
        let (began, busy) = (Instant::now(), worker.cpu()?);
        for _ in 0..RATED {
            batches.one(&mut worker, stage).await?;
        }
        let events = (RATED * BATCH) as f64;
        let cpu = worker.cpu()?.saturating_sub(busy).as_secs_f64() * 1e3;
        figures.push(WORKER_RATE, None, WORKER, events / began.elapsed().as_secs_f64());
        figures.push(WORKER_CPU, None, WORKER, cpu / events);
    }
    simulator.stop().await;
    Ok(())
}

fn variables(stage: &Stage, simulator: &Simulator) -> Vec<(String, String)> {
    let own = [
        ("DELIVERIES_QUEUE_URL", stage.endpoints.queue_url(DELIVERIES)),
        ("LEDGER_TABLE", "ledger".to_owned()),
        ("ARCHIVE_BUCKET", "archive".to_owned()),
        ("DIGICERT_API_SECRET_ID", "certhooks/digicert-api".to_owned()),
        ("DIGICERT_API_BASE", simulator.digicert_base()),
        ("DIGICERT_API_BUDGET", "none".to_owned()),
    ];
    own.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Makes batches from the sample. Each event is about another certificate.
struct Batches {
    record: Value,
    envelope: Value,
    next: u64,
}

impl Batches {
    fn new() -> Result<Self> {
        let mut sample: Value = serde_json::from_str(&harness::sample("worker.sqs.json")?)?;
        let record = sample["Records"][0].take();
        let envelope = record["body"].as_str().context("the sample has no body")?;
        Ok(Self { envelope: serde_json::from_str(envelope)?, record, next: 1 })
    }

    /// Processes a batch. Returns how long it took until all of it was delivered and acknowledged.
    async fn one(&mut self, worker: &mut Subject, stage: &Stage) -> Result<Duration> {
        let mut ids = BTreeSet::new();
        let records: Vec<Value> = (0..BATCH).map(|_| self.record(&mut ids)).collect();
        stage.endpoints.take_messages();
        let timed = worker.invoke(json!({ "Records": records }).to_string()).await?;
        match &timed.result {
            InvocationResult::Response(response) if response["batchItemFailures"] == json!([]) => {}
            other => anyhow::bail!("the batch was not processed completely: {other:?}"),
        }
        let mut delivered = BTreeSet::new();
        for message in stage.endpoints.take_messages() {
            ensure!(message.queue == DELIVERIES, "a message is on queue {}", message.queue);
            let event: Value = serde_json::from_str(&message.body)?;
            let outcome = &event["data"]["callback"]["outcome"];
            ensure!(outcome == "downloaded", "a call-back's outcome is {outcome}");
            delivered.extend(event["id"].as_str().map(str::to_owned));
        }
        ensure!(delivered == ids, "{} of {BATCH} events were delivered", delivered.len());
        Ok(timed.answered_at - timed.invoked_at)
    }

    fn record(&mut self, ids: &mut BTreeSet<String>) -> Value {
        let number = self.next;
        self.next += 1;
        let id = format!("{number:064x}");
        let (mut record, mut envelope) = (self.record.clone(), self.envelope.clone());
        envelope["id"] = id.clone().into();
        envelope["subject"] = format!("digicert/certificate/{number}").into();
        envelope["data"]["data"] = json!({ "order_id": number, "certificate_id": number });
        record["messageId"] = format!("message-{number}").into();
        record["receiptHandle"] = format!("receipt-{number}").into();
        record["body"] = envelope.to_string().into();
        ids.insert(id);
        record
    }
}
