use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::latency::percentiles;
use crate::local::crash::finish;
use crate::local::scene::Scene;
use crate::memory::resident_kib;
use crate::planted_secrets;
use crate::report::Row;

const SIDE_BY_SIDE: usize = 32;
const PAUSE: Duration = Duration::from_millis(100);

/// `events` come in as fast as the door takes them, and each is looked for among the deliveries.
///
/// # Errors
/// Something went wrong.
pub async fn load(certhooks: &Path, events: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut scene = Scene::set(certhooks, planted_secrets::scanner(&[])).await?;
    let senders = scene.senders.clone();
    let sending = senders.start(SIDE_BY_SIDE, events);
    let process = scene.local()?.id();
    let mut memory = Vec::new();
    let mut delivered = 0;
    while delivered < events && !is_over(&senders, events, delivered, &scene)? {
        delivered = scene.local()?.log().passages.whole.len() as u64;
        if delivered * 10 >= events * (memory.len() as u64 + 1) {
            memory.push(resident_kib(process));
        }
        tokio::time::sleep(PAUSE).await;
    }
    finish(sending).await?;
    scene.settle().await?;
    let took = began.elapsed();
    // The log is read to its end when it stops.
    scene.restart()?;
    let mut row = Row::new("load, local", seed);
    row.measured = measured(&mut scene, took, memory, &mut senders.answers());
    let row = scene.judge(row, false)?;
    Ok(Row { seconds: took.as_secs(), ..row })
}

/// Whether all are done, although the log does not say so.
fn is_over(
    senders: &crate::local::senders::Senders,
    events: u64,
    delivered: u64,
    scene: &Scene,
) -> Result<bool> {
    let all_taken = senders.accepted().len() as u64 == events;
    Ok(all_taken && delivered == 0 && scene.database()?.count("messages")? == 0)
}

fn measured(
    scene: &mut Scene,
    took: Duration,
    memory: Vec<u64>,
    answers: &mut [u64],
) -> std::collections::BTreeMap<String, Value> {
    let per_second = answers.len() as f64 / took.as_secs_f64();
    let measures = [
        ("answer_us", percentiles(answers)),
        ("queue_ms", percentiles(&mut scene.passages.queue)),
        ("end_to_end_ms", percentiles(&mut scene.passages.whole)),
        ("events_per_second", json!(per_second.round())),
        ("resident_kib_at_each_tenth", json!(memory)),
    ];
    measures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
