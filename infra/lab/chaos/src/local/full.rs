use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::local::crash::finish;
use crate::local::folder::Folder;
use crate::local::testbed::Testbed;
use crate::local::volume::Volume;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const CONCURRENCY: usize = 8;
const BYTES: u64 = 256 * 1024 * 1024;
/// The number of refusals and acknowledgements to wait for each time.
const EXPECTED: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Fills the file system of `certhooks local` (SQLite answers FULL, files ENOSPC) and frees it again, `times`
/// times, while events arrive. The process needs a mount namespace of its own.
///
/// # Errors
/// The webhook endpoint does not refuse, or does not accept events again; the file system cannot be mounted.
pub async fn full(certhooks: &Path, times: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let folder = Folder::new()?;
    let volume = Volume::mount(folder.path(), BYTES)?;
    let mut testbed = Testbed::start_in(certhooks, folder, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = testbed.senders.clone();
    let sending = senders.start(CONCURRENCY, u64::MAX);
    for _ in 0..times {
        let taken = senders.accepted().len() as u64;
        until("accepts events", || senders.accepted().len() as u64 >= taken + EXPECTED).await?;
        volume.fill()?;
        let refused = senders.refused.load(Ordering::Relaxed);
        until("refuses events", || senders.refused.load(Ordering::Relaxed) >= refused + EXPECTED)
            .await?;
        tokio::time::sleep(Duration::from_millis(random.below(300))).await;
        volume.clear()?;
    }
    senders.stop();
    finish(sending).await?;
    testbed.drain().await?;
    let mut row = Row::new("disk full, local", seed);
    row.faults = times;
    row.measured.insert("refused_with_503".into(), json!(senders.refused.load(Ordering::Relaxed)));
    let row = testbed.evaluate(row, true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

async fn until(expected: &str, is_true: impl Fn() -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_true() {
        ensure!(
            Instant::now() < end,
            "there is no sign within {PATIENCE:?} that the webhook endpoint {expected}"
        );
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
