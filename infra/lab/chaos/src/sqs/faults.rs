use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::ill::{Deed, Fault};
use crate::sqs::mapping::{Deletion, round};
use crate::sqs::outcome::{drain, judge};
use crate::sqs::stage::{Functions, Stage};
use harness::Random;

/// Of a hundred requests, so many meet a fault.
const CHANCE: u64 = 15;
/// Events sent between two batches.
const BURST: u64 = 10;

/// Every port of doors and worker fails at random while `events` come through. `None` without an
/// emulator.
///
/// # Errors
/// Something other than an injected fault went wrong.
pub async fn faults(functions: &Functions, events: u64, seed: u64) -> Result<Option<Row>> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let Some(mut stage) = Stage::set(functions, &scanner).await? else { return Ok(None) };
    let mut random = Random::new(seed);
    stage.proxy.set(Box::new(move |_, seen| match random.percent(CHANCE) {
        true => Deed::Fault(Fault::any(seen, &mut random)),
        false => Deed::Pass,
    }));
    for number in 0..events {
        let (provider, document) = document(number);
        let queue = (&stage.emulator, stage.events.as_str());
        stage.doors.send((provider, &document), &stage.proxy, queue).await?;
        if number % BURST == BURST - 1 {
            round(&mut stage, Deletion::Made).await?;
        }
    }
    // What is left is worked off with faults for a while, then without.
    for _ in 0..events / BURST {
        round(&mut stage, Deletion::Made).await?;
    }
    drain(&mut stage, 0).await?;
    let row = judge(stage, Row::new("faults, SQS", seed), &scanner).await?;
    Ok(Some(Row { seconds: began.elapsed().as_secs(), ..row }))
}
