use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::local::testbed::Testbed;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const CONCURRENCY: usize = 8;
/// The longest response time of a provider in milliseconds. Without a delay, few kills would happen during a
/// call-back.
const MAX_DELAY_MS: u64 = 40;

/// Longer than a start and some events take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The number of events that each process delivers before it is killed.
const MIN_DELIVERED: usize = 8;

/// Kills `certhooks local` (SIGKILL) at random times while events arrive, until there were `kills` of them.
/// The crash points are read from the state that each kill leaves.
///
/// # Errors
/// Something other than a crash went wrong.
pub async fn crash(certhooks: &Path, kills: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut testbed = Testbed::start(certhooks, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = testbed.senders.clone();
    let sending = senders.start(CONCURRENCY, u64::MAX);
    while testbed.kills < kills {
        testbed.simulator.delay_by(Duration::from_millis(random.below(MAX_DELAY_MS)));
        let taken = senders.accepted().len();
        tokio::time::sleep(Duration::from_millis(5 + random.below(150))).await;
        // On a busy machine the process may not have got far yet, and a message that is being processed at
        // one kill after another is taken for their cause.
        let until = Instant::now() + PATIENCE;
        while senders.accepted().len() == taken || delivered(&testbed)? < MIN_DELIVERED {
            ensure!(Instant::now() < until, "there is no progress after {} kills", testbed.kills);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        testbed.kill()?;
    }
    senders.stop();
    finish(sending).await?;
    testbed.drain().await?;
    let row = testbed.evaluate(Row::new("crash, local", seed), true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

/// The number of events that this process has delivered so far.
fn delivered(testbed: &Testbed) -> Result<usize> {
    Ok(testbed.local()?.log().latencies.end_to_end.len())
}

/// Waits until the senders have stopped.
pub(crate) async fn finish(mut sending: tokio::task::JoinSet<Result<()>>) -> Result<()> {
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(())
}
