use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;

use crate::events::Kinds;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::sqs::action::{Action, Fault};
use crate::sqs::event_source_mapping::{Deletion, poll};
use crate::sqs::testbed::SqsTestbed;
use crate::testbed::Testbed;

/// The percentage of requests that have a fault.
const FAULT_PERCENT: u64 = 15;
/// The number of events sent between two batches.
const BURST: u64 = 10;

/// Every port of webhook functions and worker fails at random while `events` are processed.
pub(crate) async fn faults(programs: &Programs, events: u64, row: Row) -> Result<Row> {
    let mut testbed = SqsTestbed::start(programs, scanner(&[])).await?;
    let mut random = Rng::with_seed(row.seed);
    testbed.proxy.set_policy(Box::new(move |_, request| match random.u64(..100) < FAULT_PERCENT {
        true => Action::Fault(Fault::random(request, &mut random)),
        false => Action::Forward,
    }));
    send(&mut testbed, events).await?;
    // The rest of the queue is processed with faults for a while, and then without.
    for _ in 0..events / BURST {
        poll(&mut testbed, Deletion::Made).await?;
    }
    testbed.drain(0).await?;
    testbed.evaluate(row).await
}

/// Sends `events` through the compiled functions without faults, and checks that each is delivered.
pub(crate) async fn load(programs: &Programs, events: u64, mut row: Row) -> Result<Row> {
    let mut testbed = SqsTestbed::start(programs, scanner(&[])).await?;
    let began = Instant::now();
    send(&mut testbed, events).await?;
    testbed.drain(0).await?;
    row.measure("events_per_second", (events as f64 / began.elapsed().as_secs_f64()).round());
    testbed.evaluate(row).await
}

/// Sends events, with a batch for the worker after each burst.
async fn send(testbed: &mut SqsTestbed, events: u64) -> Result<()> {
    let kinds = Kinds::read()?;
    for number in 0..events {
        testbed.send(&kinds.event(number)?).await?;
        if number % BURST == BURST - 1 {
            poll(testbed, Deletion::Made).await?;
        }
    }
    Ok(())
}
