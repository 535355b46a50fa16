use anyhow::{Result, ensure};
use fastrand::Rng;
use simulator::{Fault, Rule};

use crate::events::Kinds;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::sqs::action::Action;
use crate::sqs::event_source_mapping::{Deletion, depth, poll};
use crate::sqs::request::{Caller, Step};
use crate::sqs::testbed::SqsTestbed;
use crate::testbed::Testbed;

/// The number of events that are kept on the queue.
const BACKLOG: u64 = 20;
/// The number of batches after which a boundary that does not occur is skipped.
const MAX_BATCHES: u32 = 5;

const STEPS: [Step; 10] = [
    Step::Enqueue,
    Step::Claim,
    Step::Archive,
    Step::CallBack,
    Step::Publish,
    Step::History,
    Step::Record,
    Step::Requeue,
    Step::Release,
    Step::Delete,
];

/// Where the next kill is to happen.
#[derive(Clone, Copy)]
struct Boundary {
    step: Step,
    is_after: bool,
    /// The number of requests of this kind that are forwarded before.
    skip: u64,
}

/// Kills compiled functions (SIGKILL) at every boundary in turn, before a request is forwarded and after it
/// has had its effect, until there were `kills` of them.
pub(crate) async fn crash(programs: &Programs, kills: u64, row: Row) -> Result<Row> {
    let mut testbed = SqsTestbed::start(programs, scanner(&[])).await?;
    let kinds = Kinds::read()?;
    let mut random = Rng::with_seed(row.seed);
    let mut number = 0;
    for turn in 0.. {
        let before = testbed.kills();
        if before >= kills {
            break;
        }
        ensure!(turn < kills * 10 + 100, "no further boundary occurs after {before} kills");
        let boundary = boundary(usize::try_from(turn)?, &mut random);
        arm(&testbed, boundary);
        // New events keep the backlog, and at least one is sent if a webhook function is to be killed.
        let minimum = u64::from(boundary.step == Step::Enqueue);
        for _ in 0..BACKLOG.saturating_sub(depth(&testbed).await?.visible).max(minimum) {
            testbed.send(&kinds.event(number)?).await?;
            number += 1;
        }
        for _ in 0..MAX_BATCHES {
            if testbed.kills() > before {
                break;
            }
            poll(&mut testbed, deletion(boundary)).await?;
        }
    }
    testbed.drain(0).await?;
    testbed.evaluate(row).await
}

fn boundary(turn: usize, random: &mut Rng) -> Boundary {
    let step = STEPS[turn / 2 % STEPS.len()];
    // A batch may have only one of these.
    let is_rare = matches!(step, Step::Enqueue | Step::Requeue | Step::Release | Step::Delete);
    let skip = if is_rare { 0 } else { random.u64(..6) };
    Boundary { step, is_after: turn % 2 == 1, skip }
}

fn arm(testbed: &SqsTestbed, boundary: Boundary) {
    let Boundary { step, is_after, mut skip } = boundary;
    let mut is_done = false;
    testbed.proxy.set_policy(Box::new(move |_: Caller, request| {
        if is_done || request.step != step {
            return Action::Forward;
        }
        if skip > 0 {
            skip -= 1;
            return Action::Forward;
        }
        is_done = true;
        if is_after { Action::KillAfter } else { Action::KillBefore }
    }));
    testbed.simulator.faults().clear();
    if matches!(step, Step::Requeue | Step::Release) {
        let limited = Fault::RateLimited { retry_after: Some(1), status: None };
        testbed.simulator.faults().set([Rule::new("/", limited).times(1)]);
    }
}

fn deletion(boundary: Boundary) -> Deletion {
    match boundary {
        Boundary { step: Step::Delete, is_after: false, .. } => Deletion::KilledBefore,
        Boundary { step: Step::Delete, is_after: true, .. } => Deletion::KilledAfter,
        _ => Deletion::Made,
    }
}
