use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::local::scene::Scene;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const SIDE_BY_SIDE: usize = 8;
/// A provider takes up to so long to answer: without that, few kills would fall into a call-back.
const SLOWEST: u64 = 40;

/// Longer than a start and some events take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Delivered by each process before it is killed.
const LEAST: usize = 8;

/// `kill -9` of `certhooks local` at random moments while events come in, until there were `kills` of
/// them. Where each fell is read from the state that it left behind.
///
/// # Errors
/// Something other than a crash went wrong.
pub async fn crash(certhooks: &Path, kills: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut scene = Scene::set(certhooks, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = scene.senders.clone();
    let sending = senders.start(SIDE_BY_SIDE, u64::MAX);
    while scene.kills < kills {
        scene.simulator.delay_by(Duration::from_millis(random.below(SLOWEST)));
        let taken = senders.accepted().len();
        tokio::time::sleep(Duration::from_millis(5 + random.below(150))).await;
        // On a busy machine it may not have come to anything yet, and a message that is under way at
        // kill after kill is taken for their cause.
        let until = Instant::now() + PATIENCE;
        while senders.accepted().len() == taken || delivered(&scene)? < LEAST {
            ensure!(Instant::now() < until, "nothing goes on after {} kills", scene.kills);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.kill()?;
    }
    senders.end();
    finish(sending).await?;
    scene.settle().await?;
    let row = scene.judge(Row::new("crash, local", seed), true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

/// How many events this process has delivered so far.
fn delivered(scene: &Scene) -> Result<usize> {
    Ok(scene.local()?.log().passages.whole.len())
}

/// Waits for the senders.
pub(crate) async fn finish(mut sending: tokio::task::JoinSet<Result<()>>) -> Result<()> {
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(())
}
