use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cold::rotated;
use crate::figures::{self, BILLED, Figures, PEAK_MEMORY, WARM, WARM_CPU};
use crate::quota::{MEMORIES, share};
use crate::side::Side;
use crate::stage::Stage;
use crate::subject::Subject;

/// How often each side is started, because its memory is one figure for each process.
const GENERATIONS: usize = 3;
/// The number of webhooks before the first block.
const WARM_UP: usize = 30;
/// The number of webhooks in a block.
const BLOCK: usize = 50;
/// The number of webhooks in a block with a limit, where each may take several periods.
const LIMITED_BLOCK: usize = 20;

/// A started side, and the time of its start.
struct Running<'a> {
    side: &'a Side,
    subject: Subject,
    began: Instant,
}

/// Measures webhooks in started functions. All sides run at once, and each is idle while another has its block
/// of webhooks.
///
/// # Errors
/// The limit cannot be set. A failure of a side makes only the figures of that side void.
pub async fn measure(
    stage: &Stage,
    sides: &[Side],
    rounds: usize,
    figures: &mut Figures,
) -> Result<()> {
    for generation in 1..=GENERATIONS {
        eprintln!(
            "bench: warm webhooks, start {generation} of {GENERATIONS}, {rounds} blocks each"
        );
        let mut running = Vec::new();
        for side in sides {
            match started(side, stage).await {
                Ok(started) => running.push(started),
                Err(error) => figures.mark_void(side.name, &error),
            }
        }
        blocks(&mut running, sides, stage, rounds, None, figures).await;
        for Running { side, subject, .. } in &running {
            figures.push(PEAK_MEMORY, None, side.name, subject.memory()?.peak as f64);
        }
        if generation == GENERATIONS && stage.cpu_quota.can_limit() {
            for memory in MEMORIES {
                eprintln!("bench: warm webhooks at the CPU share of {memory} MB, {rounds} blocks");
                stage.cpu_quota.limit(Some(share(memory)))?;
                blocks(&mut running, sides, stage, rounds, Some(memory), figures).await;
            }
            stage.cpu_quota.limit(None)?;
        }
    }
    Ok(())
}

async fn started<'a>(side: &'a Side, stage: &Stage) -> Result<Running<'a>> {
    stage.endpoints.take_messages();
    let mut subject = Subject::at_gate(side, stage, &[]).await?;
    let began = subject.go()?;
    for _ in 0..WARM_UP {
        subject.webhook(&stage.event()?, stage, began).await?;
    }
    Ok(Running { side, subject, began })
}

/// Measures a block of webhooks for each side in each round, unless its figures are void.
async fn blocks(
    running: &mut [Running<'_>],
    sides: &[Side],
    stage: &Stage,
    rounds: usize,
    memory: Option<u32>,
    figures: &mut Figures,
) {
    let count = if memory.is_some() { LIMITED_BLOCK } else { BLOCK };
    for side in (0..rounds).flat_map(|round| rotated(sides, round)) {
        let running = running.iter_mut().find(|running| running.side.name == side.name);
        let Some(running) = running.filter(|_| !figures.is_void(side.name)) else { continue };
        match timed_block(running, stage, count).await {
            Ok((times, cpu)) => {
                let billed = times.iter().map(|millis| millis.ceil()).sum::<f64>();
                let median = figures::median(&times).unwrap_or(f64::NAN);
                let cpu = cpu.as_secs_f64() * 1e3;
                figures.push(WARM, memory, side.name, median);
                figures.push(WARM_CPU, memory, side.name, cpu / count as f64);
                figures.push(BILLED, memory, side.name, billed / count as f64);
            }
            Err(error) => figures.mark_void(side.name, &error),
        }
    }
}

/// The duration of each webhook in milliseconds, and the processor time of all.
async fn timed_block(
    running: &mut Running<'_>,
    stage: &Stage,
    count: usize,
) -> Result<(Vec<f64>, Duration)> {
    let before = running.subject.cpu()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let acknowledged = running.subject.webhook(&stage.event()?, stage, running.began).await?;
        times.push(acknowledged.billed.as_secs_f64() * 1e3);
    }
    Ok((times, running.subject.cpu()?.saturating_sub(before)))
}
