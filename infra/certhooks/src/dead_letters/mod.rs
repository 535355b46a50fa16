//! `certhooks dead-letters …`: lists, retries and drops messages that were received too often.
//!
//! - [`args`]: its commands and options, and which dead letters they select
//! - [`action`]: acts on the selected ones, page by page
//! - [`show`]: one dead letter for people and for programs, and the reason for it

mod action;
pub(crate) mod args;
mod show;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use boot::Environment;
use serde_json::json;

pub(crate) use crate::dead_letters::action::{Action, Counts, Show};
use crate::dead_letters::args::{Command, DeadLetters, Filter};
use crate::dead_letters::show::Printer;
pub(crate) use crate::dead_letters::show::reason;
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::{Output, count, say};

pub(crate) async fn run(arguments: DeadLetters) -> CommandResult<ExitCode> {
    match &arguments.command {
        Command::List(list) => {
            act(&arguments, &list.filter, Action::List { limit: list.limit }).await
        }
        Command::Show(show) => act(&arguments, &Filter::of_id(&show.id), Action::Show).await,
        Command::Retry(retry) => {
            check_selected(&retry.filter, retry.all, "retry")?;
            act(&arguments, &retry.filter, Action::Retry).await
        }
        Command::Drop(drop) => {
            check_selected(&drop.filter, drop.all, "drop")?;
            if !drop.yes && !is_confirmed()? {
                return Err(CommandError::failed("not confirmed; nothing was dropped"));
            }
            act(&arguments, &drop.filter, Action::Drop).await
        }
    }
}

/// Requires `--all` where nothing is selected, so that a command changes everything only on purpose.
fn check_selected(filter: &Filter, all: bool, command: &str) -> CommandResult<()> {
    if filter.is_empty() && !all {
        return Err(CommandError::usage(format!(
            "{command}: no dead letters are selected; select them by number or id, with --provider, --event, \
             --subject, --older or --newer, or use --all"
        )));
    }
    Ok(())
}

async fn act(
    DeadLetters { stack, common, .. }: &DeadLetters,
    filter: &Filter,
    action: Action,
) -> CommandResult<ExitCode> {
    let output = Output { json: common.json };
    let installation = installation::open(stack, &common.state, &Environment::of_process()).await?;
    let mut dead_letters = installation.dead_letters()?;
    let mut printer = Printer::new(output, action == Action::Show);
    let show: Show<'_> = &mut |dead_letter| printer.print(dead_letter);
    let counts = action::run(&mut *dead_letters, filter, action, output, show).await?;
    let found = counts.found;
    match action {
        Action::List { limit } => {
            if !common.json {
                let more = if found >= limit { "; raise --limit to see more" } else { "" };
                let caution = dead_letters.count_caution();
                say!("{}{more}{caution}", count(found, "dead letter"));
            }
            Ok(ExitCode::SUCCESS)
        }
        _ if found == 0 => Err(CommandError::not_found(
            "no such dead letter; find it with `certhooks dead-letters list`",
        )),
        Action::Show => Ok(ExitCode::SUCCESS),
        Action::Retry => Ok(say_counts(output, "retried", "put back on their queue", &counts)),
        Action::Drop => Ok(say_counts(output, "dropped", "dropped", &counts)),
    }
}

/// Retries or drops one dead letter.
pub(crate) async fn one(
    installation: &dyn Installation,
    number: &str,
    action: Action,
) -> CommandResult<Counts> {
    quietly(installation, &Filter::of_id(number), action, &mut |_| {}).await
}

/// Shows the first dead letters.
pub(crate) async fn first(
    installation: &dyn Installation,
    limit: usize,
    show: Show<'_>,
) -> CommandResult<Counts> {
    quietly(installation, &Filter::default(), Action::List { limit }, show).await
}

/// Prints nothing of its own.
async fn quietly(
    installation: &dyn Installation,
    filter: &Filter,
    action: Action,
    show: Show<'_>,
) -> CommandResult<Counts> {
    let mut dead_letters = installation.dead_letters()?;
    action::run(&mut *dead_letters, filter, action, Output { json: true }, show).await
}

fn say_counts(output: Output, name: &str, what: &str, counts: &Counts) -> ExitCode {
    let Counts { found, done, challenges } = counts;
    let left = found - done - challenges;
    let mut text = format!("{done} {what}");
    if left > 0 {
        text = format!("{text}, {left} failed and are still dead letters");
    }
    if *challenges > 0 {
        let skipped = count(*challenges, "challenge");
        text = format!("{text}, {skipped} skipped, since the token has expired: drop it");
    }
    output.say(&text, &json!({ name: done, "left": left, "challenges": challenges }));
    if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
