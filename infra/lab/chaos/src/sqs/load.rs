use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use crate::documents::document;
use crate::latency::percentiles;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::event_source_mapping::{Deletion, poll};
use crate::sqs::functions::Functions;
use crate::sqs::outcome::{drain, evaluate};
use crate::sqs::testbed::Testbed;

/// The number of events sent between two batches.
const BURST: u64 = 10;

/// Sends `events` through the compiled functions, with a batch after each burst, and checks that each is
/// delivered.
///
/// # Errors
/// A function or the emulator failed.
pub async fn load(functions: &Functions, events: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let mut testbed = Testbed::start(functions, &scanner).await?;
    let mut answers = Vec::new();
    for number in 0..events {
        let (provider, document) = document(number);
        let queue = (&testbed.emulator, testbed.events.as_str());
        let sent = Instant::now();
        testbed.webhooks.send((provider, &document), &testbed.proxy, queue).await?;
        answers.push(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        if number % BURST == BURST - 1 {
            poll(&mut testbed, Deletion::Made).await?;
        }
    }
    drain(&mut testbed, 0).await?;
    let took = began.elapsed();
    testbed.worker.measure();
    testbed.worker.kill()?;
    let mut row = Row::new("load, SQS", seed);
    let latencies = &mut testbed.worker.latencies;
    let per_second = (events as f64 / took.as_secs_f64()).round();
    for (name, value) in [
        ("answer_us", percentiles(&mut answers)),
        ("queue_ms", percentiles(&mut latencies.queue)),
        ("end_to_end_ms", percentiles(&mut latencies.end_to_end)),
        ("events_per_second", json!(per_second)),
    ] {
        row.measured.insert(name.to_owned(), value);
    }
    let row = evaluate(testbed, row, &scanner).await?;
    Ok(Row { seconds: took.as_secs(), ..row })
}
