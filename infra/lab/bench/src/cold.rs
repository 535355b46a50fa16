use anyhow::Result;

use crate::figures::{Figures, What};
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
pub async fn measure(stage: &Stage, sides: &[Side], rounds: usize) -> Result<Vec<Figures>> {
    eprintln!("bench: cold starts at full speed, {rounds} rounds");
    let [whole, cpu] = at(stage, sides, None, rounds).await?;
    let sides: Vec<_> = sides.iter().filter(|side| !whole.is_void(side.name)).cloned().collect();
    let mut all = vec![whole, cpu];
    for memory in MEMORIES {
        if stage.cpu_quota.can_limit() {
            eprintln!("bench: cold starts at the CPU share of {memory} MB, {rounds} rounds");
            all.extend(at(stage, &sides, Some(memory), rounds).await?);
        } else {
            let computed = computed(&all, memory);
            all.extend(computed);
        }
    }
    Ok(all)
}

async fn at(
    stage: &Stage,
    sides: &[Side],
    memory: Option<u32>,
    rounds: usize,
) -> Result<[Figures; 2]> {
    let names: Vec<_> = sides.iter().map(|side| side.name).collect();
    let mut whole = Figures::new(What::Cold, memory, &names);
    let mut cpu = Figures::new(What::ColdCpu, memory, &names);
    // The first round fills the page cache.
    for round in 0..=rounds {
        for side in rotated(sides, round) {
            if whole.is_void(side.name) {
                continue;
            }
            match start(side, stage, memory).await {
                Ok(_) if round == 0 => {}
                Ok(start) => {
                    whole.push(side.name, start.millis);
                    cpu.push(side.name, start.cpu_millis);
                }
                Err(error) => {
                    eprintln!("bench: {}: void: {error:#}", side.name);
                    whole.mark_void(side.name, &format!("{error:#}"));
                    cpu.mark_void(side.name, &format!("{error:#}"));
                }
            }
        }
    }
    stage.cpu_quota.limit(None)?;
    Ok([whole, cpu])
}

/// The sides, beginning with another one in each round.
pub(crate) fn rotated(sides: &[Side], round: usize) -> impl Iterator<Item = &Side> {
    sides.iter().cycle().skip(round % sides.len().max(1)).take(sides.len())
}

/// Estimates the starts where no quota can be set. With a share of the processor, a start takes its processor
/// time divided by the share, and at least as long as at full speed.
fn computed(at_full_speed: &[Figures], memory: u32) -> Vec<Figures> {
    let [whole, cpu, ..] = at_full_speed else { return Vec::new() };
    let mut computed = whole.clone();
    computed.memory_mb = Some(memory);
    for (series, cpu) in computed.series.iter_mut().zip(&cpu.series) {
        for (millis, cpu) in series.figures.iter_mut().zip(&cpu.figures) {
            *millis = millis.max(cpu / share(memory));
        }
    }
    vec![computed]
}

#[cfg(test)]
mod tests {
    use crate::figures::{Figures, What};
    use crate::side::{FLOOR, OURS, Side};

    use super::{computed, rotated};

    #[test]
    fn without_quotas_the_processor_time_decides() {
        let mut whole = Figures::new(What::Cold, None, &["a", "b"]);
        let mut cpu = Figures::new(What::ColdCpu, None, &["a", "b"]);
        for (side, millis, busy) in [("a", 10.0, 8.0), ("b", 100.0, 1.0)] {
            whole.push(side, millis);
            cpu.push(side, busy);
        }
        let computed = computed(&[whole, cpu], 256);
        let [figures] = &computed[..] else { panic!() };
        assert_eq!(figures.memory_mb, Some(256));
        assert!((figures.of("a").unwrap()[0] - 8.0 * 1769.0 / 256.0).abs() < 1e-9);
        assert_eq!(figures.of("b").unwrap(), [100.0]);
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
