use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::local::crash::finish;
use crate::local::folder::Folder;
use crate::local::scene::Scene;
use crate::local::volume::Volume;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const SIDE_BY_SIDE: usize = 8;
const BYTES: u64 = 256 * 1024 * 1024;
/// Refusals and acknowledgements to wait for each time.
const ENOUGH: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// The file system of `certhooks local` fills up (SQLite answers FULL, files ENOSPC) and has room
/// again, so many times, while events come in. For a process with a mount namespace of its own.
///
/// # Errors
/// A door that does not refuse, or does not go on; a file system that cannot be mounted.
pub async fn full(certhooks: &Path, times: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let folder = Folder::new()?;
    let volume = Volume::mount(folder.path(), BYTES)?;
    let mut scene = Scene::set_in(certhooks, folder, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = scene.senders.clone();
    let sending = senders.start(SIDE_BY_SIDE, u64::MAX);
    for _ in 0..times {
        let taken = senders.accepted().len() as u64;
        until("goes on", || senders.accepted().len() as u64 >= taken + ENOUGH).await?;
        volume.fill()?;
        let refused = senders.refused.load(Ordering::Relaxed);
        until("refuses", || senders.refused.load(Ordering::Relaxed) >= refused + ENOUGH).await?;
        tokio::time::sleep(Duration::from_millis(random.below(300))).await;
        volume.clear()?;
    }
    senders.end();
    finish(sending).await?;
    scene.settle().await?;
    let mut row = Row::new("disk full, local", seed);
    row.faults = times;
    row.measured.insert("refused_with_503".into(), json!(senders.refused.load(Ordering::Relaxed)));
    let row = scene.judge(row, true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        ensure!(Instant::now() < end, "within {PATIENCE:?} nothing shows that the door {what}");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
