use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::compare::{Compared, compare};
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::ill::Deed;
use crate::sqs::mapping::{Deletion, depth, round};
use crate::sqs::stage::{ARCHIVE, Stage};
use harness::SecretScanner;

/// What was put back waits for seconds; a run that waits so long has lost something.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(100);

/// Works off what is on the queue, with nothing in the way any more. So many messages wait for longer
/// than a run: a challenge's, until its token is deleted.
pub(crate) async fn drain(stage: &mut Stage, waiting: u64) -> Result<()> {
    stage.proxy.set(Box::new(|_, _| Deed::Pass));
    stage.simulator.faults().clear();
    let until = Instant::now() + PATIENCE;
    loop {
        while round(stage, Deletion::Made).await? {}
        let depth = depth(stage).await?;
        if depth.visible == 0 && depth.hidden <= waiting {
            return Ok(());
        }
        ensure!(Instant::now() < until, "the queue is not worked off: {depth:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Compares what was acknowledged with what was delivered, and looks for secrets in all that is left.
pub(crate) async fn judge(mut stage: Stage, row: Row, scanner: &SecretScanner) -> Result<Row> {
    stage.worker.measure();
    stage.worker.kill()?;
    let mut leaked = stage.doors.stop()? + stage.worker.leaked;
    let delivered = stage.emulator.receive_all(&stage.deliveries).await?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for message in &delivered {
        *counts.entry(id(message)?).or_default() += 1;
    }
    let accepted = &stage.doors.accepted;
    let Compared { lost, unknown, repeated } = compare(accepted, &counts);
    for message in &delivered {
        leaked += scanner.count(&message.to_string());
    }
    for key in stage.emulator.keys(ARCHIVE).await? {
        leaked += scanner.count(&stage.emulator.object(ARCHIVE, &key).await?);
    }
    leaked += scanner.without(planted_secrets::CHALLENGE).count(&stage.ledger().await?);
    let journal = stage.proxy.journal();
    for unexplained in journal.unexplained() {
        eprintln!("{}: {unexplained}", row.scenario);
    }
    let mut measured = BTreeMap::from([
        ("worker_peak_kib".to_owned(), json!(stage.worker.peak_kib)),
        ("published_again_after".to_owned(), json!(journal.repeats())),
    ]);
    measured.extend(row.measured);
    Ok(Row {
        faults: journal.faults,
        kills: stage.kills(),
        events: accepted.len() as u64,
        lost,
        repeated,
        unexplained: journal.unexplained().len() as u64 + unknown,
        leaked,
        at: journal.at.clone(),
        measured,
        ..row
    })
}

fn id(message: &Value) -> Result<String> {
    let event: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
    Ok(event["id"].as_str().unwrap_or_default().to_owned())
}
