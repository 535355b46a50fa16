use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::action::{Action, Fault};
use crate::sqs::event_source_mapping::{Deletion, poll};
use crate::sqs::functions::Functions;
use crate::sqs::outcome::{drain, evaluate};
use crate::sqs::testbed::Testbed;
use harness::Random;

/// The percentage of requests that have a fault.
const FAULT_PERCENT: u64 = 15;
/// The number of events sent between two batches.
const BURST: u64 = 10;

/// Every port of webhook functions and worker fails at random while `events` are processed.
///
/// # Errors
/// Something other than an injected fault went wrong.
pub async fn faults(functions: &Functions, events: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let mut testbed = Testbed::start(functions, &scanner).await?;
    let mut random = Random::new(seed);
    testbed.proxy.set_policy(Box::new(move |_, request| match random.percent(FAULT_PERCENT) {
        true => Action::Fault(Fault::random(request, &mut random)),
        false => Action::Forward,
    }));
    for number in 0..events {
        let (provider, document) = document(number);
        let queue = (&testbed.emulator, testbed.events.as_str());
        testbed.webhooks.send((provider, &document), &testbed.proxy, queue).await?;
        if number % BURST == BURST - 1 {
            poll(&mut testbed, Deletion::Made).await?;
        }
    }
    // The rest of the queue is processed with faults for a while, and then without.
    for _ in 0..events / BURST {
        poll(&mut testbed, Deletion::Made).await?;
    }
    drain(&mut testbed, 0).await?;
    let row = evaluate(testbed, Row::new("faults, SQS", seed), &scanner).await?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}
