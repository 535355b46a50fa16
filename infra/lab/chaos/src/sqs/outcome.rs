use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::compare::{Comparison, compare};
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::action::Action;
use crate::sqs::event_source_mapping::{Deletion, depth, poll};
use crate::sqs::testbed::{ARCHIVE, Testbed};
use harness::SecretScanner;

/// Requeued messages wait for seconds. A run that waits longer than this has lost something.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);

/// Processes what is on the queue, without faults, until only `delayed` messages are left. The message of a
/// challenge is delayed until its token is deleted, which is longer than a run.
pub(crate) async fn drain(testbed: &mut Testbed, delayed: u64) -> Result<()> {
    testbed.proxy.set_policy(Box::new(|_, _| Action::Forward));
    testbed.simulator.faults().clear();
    let until = Instant::now() + PATIENCE;
    loop {
        while poll(testbed, Deletion::Made).await? {}
        let depth = depth(testbed).await?;
        if depth.visible == 0 && depth.hidden <= delayed {
            return Ok(());
        }
        ensure!(Instant::now() < until, "the queue does not become empty: {depth:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Compares what was acknowledged with what was delivered, and searches for secrets in everything that was
/// stored.
pub(crate) async fn evaluate(
    mut testbed: Testbed,
    row: Row,
    scanner: &SecretScanner,
) -> Result<Row> {
    testbed.worker.measure();
    testbed.worker.kill()?;
    let mut leaked = testbed.webhooks.stop()? + testbed.worker.leaked;
    let delivered = testbed.emulator.receive_all(&testbed.deliveries).await?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for message in &delivered {
        *counts.entry(id(message)?).or_default() += 1;
    }
    let accepted = &testbed.webhooks.accepted;
    let Comparison { lost, unknown, repeated } = compare(accepted, &counts);
    for message in &delivered {
        leaked += scanner.count(&message.to_string());
    }
    for key in testbed.emulator.keys(ARCHIVE).await? {
        leaked += scanner.count(&testbed.emulator.object(ARCHIVE, &key).await?);
    }
    leaked += scanner.without(planted_secrets::CHALLENGE).count(&testbed.ledger().await?);
    let trace = testbed.proxy.trace();
    for unexplained in trace.unexplained() {
        eprintln!("{}: {unexplained}", row.scenario);
    }
    let mut measured = BTreeMap::from([
        ("worker_peak_kib".to_owned(), json!(testbed.worker.peak_kib)),
        ("published_again_after".to_owned(), json!(trace.repeats())),
    ]);
    measured.extend(row.measured);
    Ok(Row {
        faults: trace.faults,
        kills: testbed.kills(),
        events: accepted.len() as u64,
        lost,
        repeated,
        unexplained: trace.unexplained().len() as u64 + unknown,
        leaked,
        at: trace.at.clone(),
        measured,
        ..row
    })
}

fn id(message: &Value) -> Result<String> {
    let event: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
    Ok(event["id"].as_str().unwrap_or_default().to_owned())
}
