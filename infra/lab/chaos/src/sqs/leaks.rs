use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::secrets::{documents, ills, is_challenge, private_key};
use crate::sqs::mapping::{Deletion, round};
use crate::sqs::outcome::{drain, judge};
use crate::sqs::stage::{Functions, Stage};

/// Events with secrets in them and broken answers, through the compiled functions; then all that came
/// out is searched: logs and metrics, answers, deliveries, archive, ledger. `None` without an emulator.
///
/// # Errors
/// Something went wrong.
pub async fn leaks(functions: &Functions, rounds: u64, seed: u64) -> Result<Option<Row>> {
    let began = Instant::now();
    let pem = private_key()?;
    let scanner = planted_secrets::scanner(&[&pem]);
    let Some(mut stage) = Stage::set(functions, &scanner).await? else { return Ok(None) };
    for number in 1..=rounds {
        stage.simulator.faults().set(ills());
        let mut all = documents(&pem, number);
        all.extend((number * 4..number * 4 + 4).map(document));
        for (provider, document) in all {
            let queue = (&stage.emulator, stage.events.as_str());
            let ids = stage.doors.send((provider, &document), &stage.proxy, queue).await?;
            if is_challenge(&document) {
                // It waits for the operator and is never delivered.
                stage.doors.accepted.retain(|id| !ids.contains(id));
            }
        }
        while round(&mut stage, Deletion::Made).await? {}
    }
    drain(&mut stage, rounds).await?;
    let row = judge(stage, Row::new("leaks, SQS", seed), &scanner).await?;
    Ok(Some(Row { seconds: began.elapsed().as_secs(), ..row }))
}
