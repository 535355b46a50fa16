use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cold::rotated;
use crate::figures::{self, Figures, What};
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
pub async fn measure(stage: &Stage, sides: &[Side], rounds: usize) -> Result<Vec<Figures>> {
    let mut all = tables(stage, sides);
    for generation in 1..=GENERATIONS {
        eprintln!(
            "bench: warm webhooks, start {generation} of {GENERATIONS}, {rounds} blocks each"
        );
        let mut running = Vec::new();
        for side in sides {
            match started(side, stage).await {
                Ok(started) => running.push(started),
                Err(error) => void_side(&mut all, side, &error),
            }
        }
        for round in 0..rounds {
            for side in rotated(sides, round) {
                block(&mut all, &mut running, side, stage, (None, BLOCK)).await;
            }
        }
        for Running { side, subject, .. } in &running {
            let peak = subject.memory()?.peak;
            table(&mut all, What::PeakMemory, None, |figures| figures.push(side.name, peak as f64));
        }
        if generation == GENERATIONS && stage.cpu_quota.can_limit() {
            limited(&mut all, &mut running, sides, stage, rounds).await?;
        }
    }
    Ok(all)
}

async fn limited(
    all: &mut [Figures],
    running: &mut [Running<'_>],
    sides: &[Side],
    stage: &Stage,
    rounds: usize,
) -> Result<()> {
    for memory in MEMORIES {
        eprintln!("bench: warm webhooks at the CPU share of {memory} MB, {rounds} blocks each");
        stage.cpu_quota.limit(Some(share(memory)))?;
        for round in 0..rounds {
            for side in rotated(sides, round) {
                block(all, running, side, stage, (Some(memory), LIMITED_BLOCK)).await;
            }
        }
    }
    stage.cpu_quota.limit(None)
}

fn tables(stage: &Stage, sides: &[Side]) -> Vec<Figures> {
    let names: Vec<_> = sides.iter().map(|side| side.name).collect();
    let table = |what, memory| Figures::new(what, memory, &names);
    let mut all = vec![table(What::PeakMemory, None)];
    let limits =
        MEMORIES.iter().filter(|_| stage.cpu_quota.can_limit()).map(|memory| Some(*memory));
    for memory in std::iter::once(None).chain(limits) {
        all.extend([What::Warm, What::WarmCpu, What::Billed].map(|what| table(what, memory)));
    }
    all
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

/// Measures a block of webhooks for one side, unless its figures are void.
async fn block(
    all: &mut [Figures],
    running: &mut [Running<'_>],
    side: &Side,
    stage: &Stage,
    (memory, count): (Option<u32>, usize),
) {
    let Some(running) = running.iter_mut().find(|running| running.side.name == side.name) else {
        return;
    };
    match timed_block(running, stage, count).await {
        Ok((times, cpu)) => {
            let of_one = count as f64;
            let billed = times.iter().map(|millis| millis.ceil()).sum::<f64>() / of_one;
            let median = figures::median(&times).unwrap_or(f64::NAN);
            for (what, figure) in [
                (What::Warm, median),
                (What::WarmCpu, cpu.as_secs_f64() * 1e3 / of_one),
                (What::Billed, billed),
            ] {
                table(all, what, memory, |figures| figures.push(side.name, figure));
            }
        }
        Err(error) => void_side(all, side, &error),
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

fn table(all: &mut [Figures], what: What, memory: Option<u32>, change: impl FnOnce(&mut Figures)) {
    let found = all.iter_mut().find(|table| table.what == what && table.memory_mb == memory);
    if let Some(found) = found {
        change(found);
    }
}

fn void_side(all: &mut [Figures], side: &Side, error: &anyhow::Error) {
    eprintln!("bench: {}: void: {error:#}", side.name);
    for figures in all {
        figures.mark_void(side.name, &format!("{error:#}"));
    }
}
