use anyhow::Result;

use crate::figures::{COLD, COLD_CPU, Figures};
use crate::quota::{MEMORIES, share};
use crate::side::Side;
use crate::stage::Stage;
use crate::subject::Subject;

/// A start, up to the first acknowledged webhook.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub millis: f64,
    pub cpu_millis: f64,
}

/// Starts a side once, with the share of a vCPU for `memory`.
///
/// # Errors
/// The webhook was not acknowledged, or is not on the queue.
pub async fn start(side: &Side, stage: &Stage, memory: Option<u32>) -> Result<Start> {
    // A process that has just ended may have left messages.
    stage.endpoints.take_messages();
    let mut subject = Subject::at_gate(side, stage, &[]).await?;
    let event = stage.event()?;
    // A limit that is set again begins with a whole period and forgets the excess of the previous program, which
    // would otherwise slow down this one.
    stage.cpu_quota.limit(memory.map(share))?;
    let began = subject.go()?;
    let acknowledged = subject.webhook(&event, stage, began).await?;
    let cpu = subject.cpu()?;
    Ok(Start {
        millis: acknowledged.since_start.as_secs_f64() * 1e3,
        cpu_millis: cpu.as_secs_f64() * 1e3,
    })
}

/// Measures starts of all sides, in turn, at full speed and at the share of each memory.
///
/// # Errors
/// The limit cannot be set. A failure of a side makes only the figures of that side void.
pub async fn measure(
    stage: &Stage,
    sides: &[Side],
    rounds: usize,
    figures: &mut Figures,
) -> Result<()> {
    eprintln!("bench: cold starts at full speed, {rounds} rounds");
    at(stage, sides, None, rounds, figures).await?;
    for memory in MEMORIES {
        if stage.cpu_quota.can_limit() {
            eprintln!("bench: cold starts at the CPU share of {memory} MB, {rounds} rounds");
            at(stage, sides, Some(memory), rounds, figures).await?;
        } else {
            sides.iter().for_each(|side| compute(figures, side.name, memory));
        }
    }
    Ok(())
}

async fn at(
    stage: &Stage,
    sides: &[Side],
    memory: Option<u32>,
    rounds: usize,
    figures: &mut Figures,
) -> Result<()> {
    // The first round fills the page cache.
    for round in 0..=rounds {
        for side in rotated(sides, round) {
            if figures.is_void(side.name) {
                continue;
            }
            match start(side, stage, memory).await {
                Ok(_) if round == 0 => {}
                Ok(start) => {
                    figures.push(COLD, memory, side.name, start.millis);
                    figures.push(COLD_CPU, memory, side.name, start.cpu_millis);
                }
                Err(error) => figures.mark_void(side.name, &error),
            }
        }
    }
    stage.cpu_quota.limit(None)
}

/// The sides, beginning with another one in each round.
pub(crate) fn rotated(sides: &[Side], round: usize) -> impl Iterator<Item = &Side> {
    sides.iter().cycle().skip(round % sides.len().max(1)).take(sides.len())
}

/// Estimates the starts where no quota can be set. With a share of the processor, a start takes its processor
/// time divided by the share, and at least as long as at full speed.
fn compute(figures: &mut Figures, side: &'static str, memory: u32) {
    let of = |what| figures.of(what, None, side).unwrap_or_default().to_vec();
    for (millis, cpu) in of(COLD).into_iter().zip(of(COLD_CPU)) {
        figures.push(COLD, Some(memory), side, millis.max(cpu / share(memory)));
    }
}

#[cfg(test)]
mod tests {
    use crate::figures::{COLD, COLD_CPU, Figures};
    use crate::side::{FLOOR, OURS, Side};

    use super::{compute, rotated};

    #[test]
    fn without_quotas_the_processor_time_decides() {
        let mut figures = Figures::default();
        for (side, millis, busy) in [("a", 10.0, 8.0), ("b", 100.0, 1.0)] {
            figures.push(COLD, None, side, millis);
            figures.push(COLD_CPU, None, side, busy);
            compute(&mut figures, side, 256);
        }
        let computed = |side| figures.of(COLD, Some(256), side).unwrap();
        assert!((computed("a")[0] - 8.0 * 1769.0 / 256.0).abs() < 1e-9);
        assert_eq!(computed("b"), [100.0]);
    }

    #[test]
    fn another_side_begins_each_round() {
        let sides = [Side::ours("a"), Side::floor("b")];
        let names = |round| rotated(&sides, round).map(|side| side.name).collect::<Vec<_>>();
        assert_eq!(names(0), [OURS, FLOOR]);
        assert_eq!(names(1), [FLOOR, OURS]);
        assert_eq!(names(2), [OURS, FLOOR]);
    }
}
