use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::dead_letters::args::Filter;
use crate::error::CommandResult;
use crate::installation::{DeadLetter, DeadLetters, ReceivedDeadLetter};
use crate::output::{Output, complain};

/// Interval between progress lines.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// What to do with the selected dead letters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    List { limit: usize },
    Show,
    Retry,
    Drop,
}

/// What an action did.
#[derive(Default)]
pub(crate) struct Counts {
    /// Selected dead letters.
    pub(crate) found: usize,
    /// Those that were retried or dropped.
    pub(crate) done: usize,
    /// Challenges that were not retried, since their tokens have expired.
    pub(crate) challenges: usize,
}

/// Shows a dead letter that is listed.
pub(crate) type Show<'a> = &'a mut (dyn FnMut(&DeadLetter) + Send);

/// Reads all dead letters once and acts on the selected ones. What stays is released at the end, also
/// after a failure.
pub(crate) async fn run(
    dead_letters: &mut dyn DeadLetters,
    filter: &Filter,
    action: Action,
    output: Output,
    show: Show<'_>,
) -> CommandResult<Counts> {
    let mut counts = Counts::default();
    let acted = all_pages(dead_letters, filter, action, output, show, &mut counts).await;
    let released = dead_letters.release().await;
    acted?;
    released?;
    Ok(counts)
}

async fn all_pages(
    dead_letters: &mut dyn DeadLetters,
    filter: &Filter,
    action: Action,
    output: Output,
    show: Show<'_>,
    counts: &mut Counts,
) -> CommandResult<()> {
    let (mut seen, mut last_progress) = (HashSet::new(), Instant::now());
    while let Some(page) = dead_letters.page(filter.queue).await? {
        let numbers = page.iter().map(|received| received.dead_letter.number.clone());
        let is_new = numbers.filter(|number| seen.insert(number.clone())).count() > 0;
        let (mut selected, others): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|received| filter.includes(&received.dead_letter));
        dead_letters.keep(others);
        let room = match action {
            Action::List { limit } => limit - counts.found,
            _ => usize::MAX,
        };
        dead_letters.keep(selected.split_off(room.min(selected.len())));
        counts.found += selected.len();
        act(dead_letters, selected, action, show, counts).await?;
        if last_progress.elapsed() >= PROGRESS_INTERVAL && !output.json {
            last_progress = Instant::now();
            complain!("certhooks: {} found, {} done", counts.found, counts.done);
        }
        // A message whose visibility timeout has ended is received a second time.
        if !is_new || matches!(action, Action::List { limit } if counts.found >= limit) {
            break;
        }
    }
    Ok(())
}

async fn act(
    dead_letters: &mut dyn DeadLetters,
    mut selected: Vec<ReceivedDeadLetter>,
    action: Action,
    show: Show<'_>,
    counts: &mut Counts,
) -> CommandResult<()> {
    match action {
        Action::List { .. } | Action::Show => {
            look_up_deliveries(dead_letters, &mut selected).await?;
            for received in &selected {
                show(&received.dead_letter);
            }
            dead_letters.keep(selected);
        }
        Action::Retry => {
            let (challenges, retryable): (Vec<_>, Vec<_>) =
                selected.into_iter().partition(|received| received.dead_letter.is_challenge);
            counts.challenges += challenges.len();
            dead_letters.keep(challenges);
            counts.done += dead_letters.retry(retryable).await?;
        }
        Action::Drop => counts.done += dead_letters.remove(selected).await?,
    }
    Ok(())
}

/// Looks up in the ledger which of their events were delivered.
async fn look_up_deliveries(
    dead_letters: &dyn DeadLetters,
    received: &mut [ReceivedDeadLetter],
) -> CommandResult<()> {
    let ids: Vec<_> =
        received.iter().filter_map(|received| received.dead_letter.event_id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let delivered = dead_letters.delivered(&ids).await?;
    for ReceivedDeadLetter { dead_letter, .. } in received {
        let id = dead_letter.event_id.as_ref();
        dead_letter.is_delivered = id.map(|id| delivered.contains_key(id));
    }
    Ok(())
}
