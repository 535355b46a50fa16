use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::dead_letters::installation::{Held, Place};
use crate::dead_letters::selection::Choice;
use crate::fault::Outcome;
use crate::installation::dead_letter::Letter;
use crate::line::clean;
use crate::output::Output;

/// Between two lines that tell how far it is.
const PAUSE: Duration = Duration::from_secs(5);

/// What to do with those that are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    List { most: usize },
    Show,
    Retry,
    Drop,
}

/// What was met.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) found: usize,
    /// Retried or dropped.
    pub(crate) done: usize,
    /// Not retried, since their time is over.
    pub(crate) challenges: usize,
}

/// Goes through a place once. What is left there is given back at the end, whatever the end.
pub(crate) async fn walk(
    place: &mut Place,
    choice: &Choice,
    deed: &Deed,
    output: Output,
) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let walked = pages(place, choice, *deed, output, &mut tally).await;
    let given_back = place.give_back().await;
    walked.and(given_back).map(|()| tally)
}

async fn pages(
    place: &mut Place,
    choice: &Choice,
    deed: Deed,
    output: Output,
    tally: &mut Tally,
) -> Outcome<()> {
    let (mut seen, mut told) = (HashSet::new(), Instant::now());
    while let Some(page) = place.page(choice.queue).await? {
        let is_new = page.iter().filter(|held| seen.insert(held.letter.number.clone())).count() > 0;
        let (mut meant, others): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|held| choice.has(&held.letter));
        place.keep(others);
        let room = match deed {
            Deed::List { most } => most - tally.found,
            _ => usize::MAX,
        };
        place.keep(meant.split_off(room.min(meant.len())));
        tally.found += meant.len();
        act(place, meant, deed, output, tally).await?;
        if told.elapsed() >= PAUSE && !output.json {
            told = Instant::now();
            eprintln!("certhooks: {} found, {} done", tally.found, tally.done);
        }
        // A hold that ended brings back what was met before.
        if !is_new || matches!(deed, Deed::List { most } if tally.found >= most) {
            break;
        }
    }
    Ok(())
}

async fn act(
    place: &mut Place,
    mut meant: Vec<Held>,
    deed: Deed,
    output: Output,
    tally: &mut Tally,
) -> Outcome<()> {
    match deed {
        Deed::List { .. } | Deed::Show => {
            place.ask_ledger(&mut meant).await?;
            for held in &meant {
                say(&held.letter, deed, output);
            }
            place.keep(meant);
        }
        Deed::Retry => {
            let (over, meant): (Vec<_>, Vec<_>) =
                meant.into_iter().partition(|held| held.letter.is_challenge);
            tally.challenges += over.len();
            place.keep(over);
            tally.done += place.retry(meant).await?;
        }
        Deed::Drop => tally.done += place.remove(meant).await?,
    }
    Ok(())
}

fn say(letter: &Letter, deed: Deed, output: Output) {
    let mut value = letter.value();
    if deed != Deed::Show {
        return output.say(&letter.line(), &value);
    }
    let shown = letter.shown();
    value["body"] = serde_json::from_str(&shown).unwrap_or_else(|_| json!(shown));
    output.say(&format!("{}\n{}", letter.line(), clean(&shown)), &value);
}
