use std::time::Instant;

use anyhow::{Result, ensure};
use simulator::{Fault, Rule};

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::ill::Deed;
use crate::sqs::mapping::{Deletion, depth, round};
use crate::sqs::outcome::{drain, judge};
use crate::sqs::stage::{Functions, Stage};
use crate::sqs::wire::{Caller, Step};
use harness::Random;

/// As many events as are always there to be worked on.
const BACKLOG: u64 = 20;
/// A boundary that is not come by is left out after so many batches.
const TRIES: u32 = 5;

const WORKER: [Step; 9] = [
    Step::Claim,
    Step::Archive,
    Step::CallBack,
    Step::Publish,
    Step::Tell,
    Step::Record,
    Step::PutBack,
    Step::Release,
    Step::Delete,
];

/// Where the next kill shall fall.
#[derive(Clone, Copy)]
struct Boundary {
    step: Step,
    is_after: bool,
    /// So many requests of this kind pass before.
    skip: u64,
}

/// `kill -9` of compiled functions at every boundary in turn, before a request is passed on and after
/// it has done its work, until there were `kills` of them. `None` without an emulator.
///
/// # Errors
/// Something other than a crash went wrong.
pub async fn crash(functions: &Functions, kills: u64, seed: u64) -> Result<Option<Row>> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let Some(mut stage) = Stage::set(functions, &scanner).await? else { return Ok(None) };
    let mut random = Random::new(seed);
    let (mut number, mut turn) = (0, 0);
    while stage.kills() < kills {
        let boundary = next(&mut turn, !functions.doors.is_empty(), &mut random);
        let before = stage.kills();
        arm(&stage, boundary);
        top_up(&mut stage, &mut number, boundary).await?;
        for _ in 0..TRIES {
            if stage.kills() > before {
                break;
            }
            round(&mut stage, deletion(boundary)).await?;
        }
        ensure!(turn < kills * 10 + 100, "no boundary is come by: {} kills", stage.kills());
    }
    drain(&mut stage, 0).await?;
    let row = Row::new("crash, SQS", seed);
    let row = judge(stage, row, &scanner).await?;
    Ok(Some(Row { seconds: began.elapsed().as_secs(), ..row }))
}

fn next(turn: &mut u64, has_doors: bool, random: &mut Random) -> Boundary {
    let steps: Vec<Step> = has_doors.then_some(Step::Enqueue).into_iter().chain(WORKER).collect();
    let index = usize::try_from(*turn).unwrap_or_default();
    *turn += 1;
    let step = steps[index / 2 % steps.len()];
    // Of these there may be one in a batch.
    let is_rare = matches!(step, Step::Enqueue | Step::PutBack | Step::Release | Step::Delete);
    let skip = if is_rare { 0 } else { random.below(6) };
    Boundary { step, is_after: index % 2 == 1, skip }
}

fn arm(stage: &Stage, boundary: Boundary) {
    let Boundary { step, is_after, mut skip } = boundary;
    let mut is_over = false;
    stage.proxy.set(Box::new(move |_: Caller, seen| {
        if is_over || seen.step != step {
            return Deed::Pass;
        }
        if skip > 0 {
            skip -= 1;
            return Deed::Pass;
        }
        is_over = true;
        if is_after { Deed::KillAfter } else { Deed::KillBefore }
    }));
    stage.simulator.faults().clear();
    if matches!(step, Step::PutBack | Step::Release) {
        let limited = Fault::RateLimited { retry_after: Some(1), status: None };
        stage.simulator.faults().set([Rule::new("/services/v2/", limited).times(1)]);
    }
}

fn deletion(boundary: Boundary) -> Deletion {
    match boundary {
        Boundary { step: Step::Delete, is_after: false, .. } => Deletion::KilledBefore,
        Boundary { step: Step::Delete, is_after: true, .. } => Deletion::KilledAfter,
        _ => Deletion::Made,
    }
}

/// New events, so that there is work; at least one where a door shall be killed.
async fn top_up(stage: &mut Stage, number: &mut u64, boundary: Boundary) -> Result<()> {
    let least = u64::from(boundary.step == Step::Enqueue);
    let missing = BACKLOG.saturating_sub(depth(stage).await?.visible).max(least);
    for _ in 0..missing {
        let (provider, document) = document(*number);
        *number += 1;
        let queue = (&stage.emulator, stage.events.as_str());
        stage.doors.send((provider, &document), &stage.proxy, queue).await?;
    }
    Ok(())
}
