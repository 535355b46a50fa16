use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::latency::percentiles;
use crate::local::crash::finish;
use crate::local::testbed::Testbed;
use crate::memory::resident_kib;
use crate::planted_secrets;
use crate::report::Row;

const CONCURRENCY: usize = 32;
const PAUSE: Duration = Duration::from_millis(100);

/// Sends `events` as fast as the webhook endpoint accepts them, and checks that each is delivered.
///
/// # Errors
/// The process or a sender failed.
pub async fn load(certhooks: &Path, events: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut testbed = Testbed::start(certhooks, planted_secrets::scanner(&[])).await?;
    let senders = testbed.senders.clone();
    let sending = senders.start(CONCURRENCY, events);
    let process = testbed.local()?.id();
    let mut memory = Vec::new();
    let mut delivered = 0;
    while delivered < events && !is_done(&senders, events, delivered, &testbed)? {
        delivered = testbed.local()?.log().latencies.end_to_end.len() as u64;
        if delivered * 10 >= events * (memory.len() as u64 + 1) {
            memory.push(resident_kib(process));
        }
        tokio::time::sleep(PAUSE).await;
    }
    finish(sending).await?;
    testbed.drain().await?;
    let took = began.elapsed();
    // The log is read to its end when the process stops.
    testbed.restart()?;
    let mut row = Row::new("load, local", seed);
    row.measured = measured(&mut testbed, took, memory, &mut senders.answers());
    let row = testbed.evaluate(row, false)?;
    Ok(Row { seconds: took.as_secs(), ..row })
}

/// Whether all events were delivered, although the log does not show it.
fn is_done(
    senders: &crate::local::senders::Senders,
    events: u64,
    delivered: u64,
    testbed: &Testbed,
) -> Result<bool> {
    let all_accepted = senders.accepted().len() as u64 == events;
    Ok(all_accepted && delivered == 0 && testbed.database()?.count("messages")? == 0)
}

fn measured(
    testbed: &mut Testbed,
    took: Duration,
    memory: Vec<u64>,
    answers: &mut [u64],
) -> std::collections::BTreeMap<String, Value> {
    let per_second = answers.len() as f64 / took.as_secs_f64();
    let measures = [
        ("answer_us", percentiles(answers)),
        ("queue_ms", percentiles(&mut testbed.latencies.queue)),
        ("end_to_end_ms", percentiles(&mut testbed.latencies.end_to_end)),
        ("events_per_second", json!(per_second.round())),
        ("resident_kib_at_each_tenth", json!(memory)),
    ];
    measures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
