use std::time::Instant;

use anyhow::{Result, ensure};
use simulator::{Fault, Rule};

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::sqs::action::Action;
use crate::sqs::event_source_mapping::{Deletion, depth, poll};
use crate::sqs::functions::Functions;
use crate::sqs::outcome::{drain, evaluate};
use crate::sqs::request::{Caller, Step};
use crate::sqs::testbed::Testbed;
use harness::Random;

/// The number of events that are kept on the queue.
const BACKLOG: u64 = 20;
/// The number of batches after which a boundary that does not occur is skipped.
const MAX_BATCHES: u32 = 5;

const WORKER: [Step; 9] = [
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
///
/// # Errors
/// Something other than a crash went wrong.
pub async fn crash(functions: &Functions, kills: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let scanner = planted_secrets::scanner(&[]);
    let mut testbed = Testbed::start(functions, &scanner).await?;
    let mut random = Random::new(seed);
    let (mut number, mut turn) = (0, 0);
    while testbed.kills() < kills {
        let boundary = next(&mut turn, !functions.webhooks.is_empty(), &mut random);
        let before = testbed.kills();
        arm(&testbed, boundary);
        top_up(&mut testbed, &mut number, boundary).await?;
        for _ in 0..MAX_BATCHES {
            if testbed.kills() > before {
                break;
            }
            poll(&mut testbed, deletion(boundary)).await?;
        }
        ensure!(
            turn < kills * 10 + 100,
            "no further boundary occurs after {} kills",
            testbed.kills()
        );
    }
    drain(&mut testbed, 0).await?;
    let row = Row::new("crash, SQS", seed);
    let row = evaluate(testbed, row, &scanner).await?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

fn next(turn: &mut u64, has_webhooks: bool, random: &mut Random) -> Boundary {
    let steps: Vec<Step> =
        has_webhooks.then_some(Step::Enqueue).into_iter().chain(WORKER).collect();
    let index = usize::try_from(*turn).unwrap_or_default();
    *turn += 1;
    let step = steps[index / 2 % steps.len()];
    // A batch may have only one of these.
    let is_rare = matches!(step, Step::Enqueue | Step::Requeue | Step::Release | Step::Delete);
    let skip = if is_rare { 0 } else { random.below(6) };
    Boundary { step, is_after: index % 2 == 1, skip }
}

fn arm(testbed: &Testbed, boundary: Boundary) {
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
        testbed.simulator.faults().set([Rule::new("/services/v2/", limited).times(1)]);
    }
}

fn deletion(boundary: Boundary) -> Deletion {
    match boundary {
        Boundary { step: Step::Delete, is_after: false, .. } => Deletion::KilledBefore,
        Boundary { step: Step::Delete, is_after: true, .. } => Deletion::KilledAfter,
        _ => Deletion::Made,
    }
}

/// Sends new events to keep the backlog, and at least one if a webhook function is to be killed.
async fn top_up(testbed: &mut Testbed, number: &mut u64, boundary: Boundary) -> Result<()> {
    let minimum = u64::from(boundary.step == Step::Enqueue);
    let missing = BACKLOG.saturating_sub(depth(testbed).await?.visible).max(minimum);
    for _ in 0..missing {
        let (provider, document) = document(*number);
        *number += 1;
        let queue = (&testbed.emulator, testbed.events.as_str());
        testbed.webhooks.send((provider, &document), &testbed.proxy, queue).await?;
    }
    Ok(())
}
