use anyhow::Result;

use crate::figures::{Figures, What};
use crate::quota::{MEMORIES, share};
use crate::side::Side;
use crate::stage::Stage;
use crate::subject::Subject;

/// One start, up to the first acknowledged webhook.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub millis: f64,
    pub cpu_millis: f64,
}

/// Starts a side once, with what `memory` gives of a vCPU; an error unless the webhook was
/// acknowledged and is on the queue.
///
/// # Errors
/// Says what else came.
pub async fn start(side: &Side, stage: &Stage, memory: Option<u32>) -> Result<Start> {
    // What a process that was ended a moment ago may have left behind.
    stage.endpoints.take_messages();
    let mut subject = Subject::at_gate(side, stage, &[]).await?;
    let event = stage.event()?;
    // Set anew, a limit begins with a whole period and forgets what the program before this one used
    // too much: else each pays for the other's end.
    stage.pen.limit(memory.map(share))?;
    let began = subject.go()?;
    let acknowledged = subject.webhook(&event, stage, began).await?;
    let cpu = subject.cpu()?;
    Ok(Start {
        millis: acknowledged.since_start.as_secs_f64() * 1e3,
        cpu_millis: cpu.as_secs_f64() * 1e3,
    })
}

/// Starts of all sides, in turn, at full speed and at the share of each memory.
///
/// # Errors
/// The limit cannot be set. What fails of a side makes that side's figures void, and no more.
pub async fn measure(stage: &Stage, sides: &[Side], rounds: usize) -> Result<Vec<Figures>> {
    eprintln!("bench: cold starts at full speed, {rounds} rounds");
    let [whole, cpu] = at(stage, sides, None, rounds).await?;
    let sides: Vec<_> = sides.iter().filter(|side| !whole.is_void(side.name)).cloned().collect();
    let mut all = vec![whole, cpu];
    for memory in MEMORIES {
        if stage.pen.can_limit() {
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
        for side in in_turn(sides, round) {
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
                    whole.spoil(side.name, &format!("{error:#}"));
                    cpu.spoil(side.name, &format!("{error:#}"));
                }
            }
        }
    }
    stage.pen.limit(None)?;
    Ok([whole, cpu])
}

/// Another one begins each round.
pub(crate) fn in_turn(sides: &[Side], round: usize) -> impl Iterator<Item = &Side> {
    sides.iter().cycle().skip(round % sides.len().max(1)).take(sides.len())
}

/// Where no quota can be set: a start that has the processor for a part of the time only takes as much
/// longer, and never less than it takes anyway.
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

    use super::{computed, in_turn};

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
        let names = |round| in_turn(&sides, round).map(|side| side.name).collect::<Vec<_>>();
        assert_eq!(names(0), [OURS, FLOOR]);
        assert_eq!(names(1), [FLOOR, OURS]);
        assert_eq!(names(2), [OURS, FLOOR]);
    }
}
