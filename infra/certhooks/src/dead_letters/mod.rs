//! Messages that were received too often: `certhooks dead-letters …`.
//!
//! - [`args`]: its commands and options
//! - [`selection`]: which of them are meant
//! - [`installation`]: the state folder or the queues that hold them
//! - [`action`]: page by page through a place

mod action;
pub(crate) mod args;
pub(crate) mod installation;
mod selection;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::dead_letters::action::{Deed, Tally, walk};
use crate::dead_letters::args::{Common, DeadLetters, Filter};
use crate::dead_letters::installation::Place;
use crate::dead_letters::selection::Choice;
use crate::fault::{Fault, Outcome};
use crate::output::Output;

pub(crate) async fn run(command: DeadLetters) -> ExitCode {
    let json = command.common().json;
    match act(&command).await {
        Ok(code) => code,
        Err(fault) => fault.report(json),
    }
}

async fn act(command: &DeadLetters) -> Outcome<ExitCode> {
    match command {
        DeadLetters::List(words) => {
            let choice = Choice::of(&words.filter)?;
            list(&words.common, &choice, Deed::List { most: words.limit }).await
        }
        DeadLetters::Show(words) => {
            list(&words.common, &Choice::of_id(&words.id), Deed::Show).await
        }
        DeadLetters::Retry(words) => {
            let choice = chosen(&words.filter, words.all, "retry")?;
            change(&words.common, &choice, Deed::Retry).await
        }
        DeadLetters::Drop(words) => {
            let choice = chosen(&words.filter, words.all, "drop")?;
            if !words.yes && !is_confirmed()? {
                return Err(Fault::failed("nothing was dropped"));
            }
            change(&words.common, &choice, Deed::Drop).await
        }
    }
}

/// What changes something is never told to do so to all by accident.
fn chosen(filter: &Filter, all: bool, what: &str) -> Outcome<Choice> {
    if filter.is_empty() && !all {
        return Err(Fault::usage(format!(
            "{what} which? name them with --id, --provider, --event, --subject, --older or --newer, or --all"
        )));
    }
    Choice::of(filter)
}

async fn list(common: &Common, choice: &Choice, deed: Deed) -> Outcome<ExitCode> {
    let (mut place, output) = (Place::open(common).await?, Output { json: common.json });
    let found = walk(&mut place, choice, &deed, output).await?.found;
    match deed {
        Deed::Show if found == 0 => Err(Fault::nothing("there is no such dead letter")),
        Deed::List { most } => {
            if !common.json {
                let more = if found >= most { "; more with --limit" } else { "" };
                output.say(&format!("{found} dead letters{more}{}", place.caution()), &json!(null));
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

async fn change(common: &Common, choice: &Choice, deed: Deed) -> Outcome<ExitCode> {
    let (mut place, output) = (Place::open(common).await?, Output { json: common.json });
    let Tally { found, done, challenges } = walk(&mut place, choice, &deed, output).await?;
    if found == 0 {
        return Err(Fault::nothing("there is no such dead letter"));
    }
    let (name, what) = match deed {
        Deed::Drop => ("dropped", "dropped"),
        _ => ("retried", "back on their queue"),
    };
    let left = found - done - challenges;
    let mut text = format!("{done} {what}");
    if left > 0 {
        text = format!("{text}, {left} left where they are");
    }
    if challenges > 0 {
        text =
            format!("{text}, {challenges} challenges left out: their tokens are over; drop them");
    }
    output.say(&text, &json!({ name: done, "left": left, "challenges": challenges }));
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_confirmed() -> Outcome<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Fault::usage("drop: needs --yes where nobody can be asked"));
    }
    eprint!("Dropped messages cannot be brought back. Drop all that match? [yes/no] ");
    let _prompt_is_shown = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| Fault::failed(format!("standard input: {error}")))?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
