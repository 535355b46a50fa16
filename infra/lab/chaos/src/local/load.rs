use std::time::{Duration, Instant};

use anyhow::Result;

use crate::local::testbed::LocalTestbed;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::testbed::Testbed;

const PAUSE: Duration = Duration::from_millis(100);

/// Sends `events` as fast as the webhook endpoint accepts them, and checks that each is delivered.
pub(crate) async fn load(programs: &Programs, events: u64, mut row: Row) -> Result<Row> {
    let mut testbed = LocalTestbed::start(programs, scanner(&[])).await?;
    let began = Instant::now();
    let sending = testbed.senders.start(events);
    let mut memory = Vec::new();
    let mut delivered = 0;
    while delivered < events {
        delivered = testbed.delivered() as u64;
        if delivered * 10 >= events * (memory.len() as u64 + 1) {
            memory.push(testbed.resident_kib()?);
        }
        tokio::time::sleep(PAUSE).await;
    }
    testbed.senders.finish(sending).await?;
    testbed.drain(0).await?;
    let took = began.elapsed();
    testbed.stop()?;
    let mut times = std::mem::take(&mut testbed.senders.acknowledgements().times);
    for (name, value) in testbed.latencies.measured(&mut times, took) {
        row.measure(name, value);
    }
    row.measure("resident_kib_at_each_tenth", memory);
    // That many files would take longer than the scenario.
    testbed.is_searched = false;
    testbed.evaluate(row).await
}
