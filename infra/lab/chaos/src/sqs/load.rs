use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use crate::documents::document;
use crate::latency::percentiles;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::mapping::{Deletion, round};
use crate::sqs::outcome::{drain, judge};
use crate::sqs::stage::{Functions, Stage};

/// Events sent between two batches.
const BURST: u64 = 10;

/// `events` through the compiled functions, as many as come between two batches at a time, and each is
/// looked for among the deliveries. `None` without an emulator.
///
/// # Errors
/// Something went wrong.
pub async fn load(functions: &Functions, events: u64, seed: u64) -> Result<Option<Row>> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let Some(mut stage) = Stage::set(functions, &scanner).await? else { return Ok(None) };
    let mut answers = Vec::new();
    for number in 0..events {
        let (provider, document) = document(number);
        let queue = (&stage.emulator, stage.events.as_str());
        let asked = Instant::now();
        stage.doors.send((provider, &document), &stage.proxy, queue).await?;
        answers.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
        if number % BURST == BURST - 1 {
            round(&mut stage, Deletion::Made).await?;
        }
    }
    drain(&mut stage, 0).await?;
    let took = began.elapsed();
    stage.worker.measure();
    stage.worker.kill()?;
    let mut row = Row::new("load, SQS", seed);
    let passages = &mut stage.worker.passages;
    let per_second = (events as f64 / took.as_secs_f64()).round();
    for (name, value) in [
        ("answer_us", percentiles(&mut answers)),
        ("queue_ms", percentiles(&mut passages.queue)),
        ("end_to_end_ms", percentiles(&mut passages.whole)),
        ("events_per_second", json!(per_second)),
    ] {
        row.measured.insert(name.to_owned(), value);
    }
    let row = judge(stage, row, &scanner).await?;
    Ok(Some(Row { seconds: took.as_secs(), ..row }))
}
