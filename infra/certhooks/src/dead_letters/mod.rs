//! Messages that were received too often: `certhooks dead-letters …`.
//!
//! - [`words`]: its commands and options
//! - [`letter`]: one dead letter, and why it is one
//! - [`choice`]: which of them are meant
//! - [`place`]: the state folder or the queues that hold them
//! - [`walk`]: page by page through a place

mod choice;
pub(crate) mod letter;
pub(crate) mod place;
mod walk;
pub(crate) mod words;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::dead_letters::choice::Choice;
use crate::dead_letters::place::Place;
use crate::dead_letters::walk::{Deed, Tally, walk};
use crate::dead_letters::words::{Common, DeadLetters, Filter};
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

pub(crate) async fn run(command: DeadLetters) -> ExitCode {
    let json = command.common().json;
    match act(&command).await {
        Ok(code) => code,
        Err(error) => error.report(json),
    }
}

async fn act(command: &DeadLetters) -> CommandResult<ExitCode> {
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
                return Err(CommandError::failed("nothing was dropped"));
            }
            change(&words.common, &choice, Deed::Drop).await
        }
    }
}

/// What changes something is never told to do so to all by accident.
fn chosen(filter: &Filter, all: bool, what: &str) -> CommandResult<Choice> {
    if filter.is_empty() && !all {
        return Err(CommandError::usage(format!(
            "{what} which? name them with --id, --provider, --event, --subject, --older or --newer, or --all"
        )));
    }
    Choice::of(filter)
}

async fn list(common: &Common, choice: &Choice, deed: Deed) -> CommandResult<ExitCode> {
    let (mut place, output) = (Place::open(common).await?, Output { json: common.json });
    let found = walk(&mut place, choice, &deed, output).await?.found;
    match deed {
        Deed::Show if found == 0 => Err(CommandError::not_found("there is no such dead letter")),
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

async fn change(common: &Common, choice: &Choice, deed: Deed) -> CommandResult<ExitCode> {
    let (mut place, output) = (Place::open(common).await?, Output { json: common.json });
    let Tally { found, done, challenges } = walk(&mut place, choice, &deed, output).await?;
    if found == 0 {
        return Err(CommandError::not_found("there is no such dead letter"));
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

fn is_confirmed() -> CommandResult<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::usage("drop: needs --yes where nobody can be asked"));
    }
    eprint!("Dropped messages cannot be brought back. Drop all that match? [yes/no] ");
    let _prompt_is_shown = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| CommandError::failed(format!("standard input: {error}")))?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
