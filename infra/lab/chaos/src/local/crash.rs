use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use harness::Folder;

use crate::local::testbed::{LocalTestbed, until};
use crate::local::volume::Volume;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::testbed::Testbed;

/// The longest response time of a provider in milliseconds. Without a delay, few kills would happen during a
/// call-back.
const MAX_DELAY_MS: u64 = 40;
/// The number of events that each process delivers before it is killed.
const MIN_DELIVERED: u64 = 8;
/// The size of the file system that is filled.
const VOLUME_BYTES: u64 = 256 * 1024 * 1024;
/// The number of refusals and acknowledgements to wait for each time that it is full.
const EXPECTED: u64 = 20;

/// Kills `certhooks local` (SIGKILL) at random times while events arrive, until there were `kills` of them.
/// The crash points are read from the state that each kill leaves.
pub(crate) async fn crash(programs: &Programs, kills: u64, row: Row) -> Result<Row> {
    let mut testbed = LocalTestbed::start(programs, scanner(&[])).await?;
    let mut random = Rng::with_seed(row.seed);
    let sending = testbed.senders.start();
    while testbed.kills < kills {
        testbed.simulator.delay_by(Duration::from_millis(random.u64(..MAX_DELAY_MS)));
        let taken = testbed.senders.accepted();
        tokio::time::sleep(Duration::from_millis(5 + random.u64(..150))).await;
        // On a busy machine the process may not have got far yet, and a message that is being processed at
        // one kill after another is taken for their cause.
        until("delivers events", || {
            testbed.senders.accepted() > taken && testbed.delivered() >= MIN_DELIVERED
        })
        .await?;
        testbed.kill()?;
    }
    testbed.senders.stop(sending).await?;
    testbed.drain(0).await?;
    testbed.evaluate(row).await
}

/// Fills the file system of `certhooks local` (SQLite answers FULL, files ENOSPC) and frees it again, `times`
/// times, while events arrive. The process needs a mount namespace of its own.
pub(crate) async fn full(programs: &Programs, times: u64, row: Row) -> Result<Row> {
    let folder = Folder::new()?;
    let volume = Volume::mount(folder.path(), VOLUME_BYTES)?;
    let mut testbed = LocalTestbed::start_in(programs, folder, scanner(&[])).await?;
    let mut random = Rng::with_seed(row.seed);
    let sending = testbed.senders.start();
    for _ in 0..times {
        let senders = &testbed.senders;
        let taken = senders.accepted();
        until("accepts events", || senders.accepted() >= taken + EXPECTED).await?;
        volume.fill()?;
        let refused = senders.refused();
        until("refuses events", || senders.refused() >= refused + EXPECTED).await?;
        tokio::time::sleep(Duration::from_millis(random.u64(..300))).await;
        volume.clear()?;
    }
    testbed.senders.stop(sending).await?;
    testbed.drain(0).await?;
    testbed.evaluate(Row { faults: times, ..row }).await
}
