//! `certhooks dead-letters …`: lists, retries and drops messages that were received too often.
//!
//! - [`args`]: its commands and options
//! - [`selection`]: which dead letters a command works on
//! - [`installation`]: the state folder or the queues that hold them
//! - [`action`]: acts on the selected ones, page by page
//! - [`show`]: one dead letter for people and for programs, and the reason for it

mod action;
pub(crate) mod args;
mod installation;
mod selection;
mod show;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::dead_letters::action::{Action, Counts};
use crate::dead_letters::args::{Common, DeadLetters, Filter};
use crate::dead_letters::installation::Installation;
use crate::dead_letters::selection::Selection;
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

pub(crate) async fn run(command: DeadLetters) -> ExitCode {
    let json = command.common().json;
    match dispatch(&command).await {
        Ok(code) => code,
        Err(error) => error.report(json),
    }
}

async fn dispatch(command: &DeadLetters) -> CommandResult<ExitCode> {
    match command {
        DeadLetters::List(arguments) => {
            let selection = Selection::of(&arguments.filter)?;
            list(&arguments.common, &selection, Action::List { limit: arguments.limit }).await
        }
        DeadLetters::Show(arguments) => {
            list(&arguments.common, &Selection::of_id(&arguments.id), Action::Show).await
        }
        DeadLetters::Retry(arguments) => {
            let selection = selected(&arguments.filter, arguments.all, "retry")?;
            change(&arguments.common, &selection, Action::Retry).await
        }
        DeadLetters::Drop(arguments) => {
            let selection = selected(&arguments.filter, arguments.all, "drop")?;
            if !arguments.yes && !is_confirmed()? {
                return Err(CommandError::failed("not confirmed; nothing was dropped"));
            }
            change(&arguments.common, &selection, Action::Drop).await
        }
    }
}

/// Requires `--all` where nothing is selected, so that a command changes everything only on purpose.
fn selected(filter: &Filter, all: bool, command: &str) -> CommandResult<Selection> {
    if filter.is_empty() && !all {
        return Err(CommandError::usage(format!(
            "{command}: no dead letters are selected; select them with --id, --provider, --event, \
             --subject, --older or --newer, or use --all"
        )));
    }
    Selection::of(filter)
}

async fn list(common: &Common, selection: &Selection, action: Action) -> CommandResult<ExitCode> {
    let (mut installation, output) =
        (Installation::open(common).await?, Output { json: common.json });
    let found = action::run(&mut installation, selection, action, output).await?.found;
    match action {
        Action::Show if found == 0 => Err(no_such_dead_letter()),
        Action::List { limit } => {
            if !common.json {
                let more = if found >= limit { "; raise --limit to see more" } else { "" };
                let caution = installation.count_caution();
                output.say(&format!("{found} dead letters{more}{caution}"), &json!(null));
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

async fn change(common: &Common, selection: &Selection, action: Action) -> CommandResult<ExitCode> {
    let (mut installation, output) =
        (Installation::open(common).await?, Output { json: common.json });
    let Counts { found, done, challenges } =
        action::run(&mut installation, selection, action, output).await?;
    if found == 0 {
        return Err(no_such_dead_letter());
    }
    let (name, what) = match action {
        Action::Drop => ("dropped", "dropped"),
        _ => ("retried", "put back on their queue"),
    };
    let left = found - done - challenges;
    let mut text = format!("{done} {what}");
    if left > 0 {
        text = format!("{text}, {left} failed and are still dead letters");
    }
    if challenges > 0 {
        text = format!(
            "{text}, {challenges} challenges skipped, since their tokens have expired: drop them"
        );
    }
    output.say(&text, &json!({ name: done, "left": left, "challenges": challenges }));
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn no_such_dead_letter() -> CommandError {
    CommandError::not_found("no such dead letter; find it with `certhooks dead-letters list`")
}

fn is_confirmed() -> CommandResult<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::usage("drop: use --yes where standard input is not a terminal"));
    }
    eprint!("Dropped messages cannot be recovered. Drop all selected dead letters? [yes/no] ");
    let _prompt_is_shown = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| CommandError::failed(format!("standard input: {error}")))?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
