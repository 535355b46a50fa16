//! `certhooks status`: the history of a certificate.
//!
//! - [`args`]: its arguments
//! - [`names`]: the names under which the ledger may know a certificate
//! - [`lines`]: a history as text and as JSON

pub(crate) mod args;
mod lines;
mod names;

use std::process::ExitCode;

use boot::Environment;
use embedded::Reader;
use ports::History;

use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::output::say;
use crate::stack::Stack;
use crate::status::args::Status;
use crate::status::names::names;

pub(crate) async fn run(arguments: Status) -> ExitCode {
    match show(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(arguments.json),
    }
}

async fn show(arguments: &Status) -> CommandResult<()> {
    let histories = find(arguments).await?;
    if histories.is_empty() {
        return Err(CommandError::not_found(format!(
            "{}: not found; no event with this order, hostname or serial number was delivered in the \
             last 400 days",
            clean(&arguments.name)
        )));
    }
    for (number, history) in histories.iter().enumerate() {
        if arguments.json {
            say!("{}", lines::value(history));
            continue;
        }
        if number > 0 {
            say!();
        }
        say!("{}", lines::text(history));
    }
    Ok(())
}

async fn find(arguments: &Status) -> CommandResult<Vec<History>> {
    let names = names(&arguments.name);
    if let Some(stack) = &arguments.installation.stack {
        let stack = Box::pin(Stack::open(&Environment::of_process(), stack)).await?;
        return Ok(Box::pin(stack.histories(names)).await?);
    }
    Ok(Reader::open(&arguments.state)?.histories(names).await?)
}
