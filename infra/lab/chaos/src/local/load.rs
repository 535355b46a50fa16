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
        delivered = testbed.delivered();
        if delivered * 10 >= events * (memory.len() as u64 + 1) {
            memory.push(testbed.resident_kib()?);
        }
        tokio::time::sleep(PAUSE).await;
    }
    testbed.senders.finish(sending).await?;
    testbed.drain(0).await?;
    row.measure("events_per_second", (events as f64 / began.elapsed().as_secs_f64()).round());
    row.measure("resident_kib_at_each_tenth", memory);
    // That many files would take longer than the scenario.
    testbed.is_searched = false;
    testbed.evaluate(row).await
}
