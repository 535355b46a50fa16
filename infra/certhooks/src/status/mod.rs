//! `certhooks status`: the history of a certificate.
//!
//! - [`words`]: its options
//! - [`names`]: what the operator's word may mean
//! - [`lines`]: a history for people and for programs

mod lines;
mod names;
pub(crate) mod words;

use std::process::ExitCode;

use boot::Environment;
use embedded::Reader;
use ports::History;

use crate::fault::{Fault, Outcome};
use crate::line::clean;
use crate::output::say;
use crate::stack::Stack;
use crate::status::names::names;
use crate::status::words::Status;

pub(crate) async fn run(arguments: Status) -> ExitCode {
    match show(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(arguments.json),
    }
}

async fn show(arguments: &Status) -> Outcome<()> {
    let histories = find(arguments).await?;
    if histories.is_empty() {
        return Err(Fault::nothing(format!(
            "nothing is known of {}: no event of an order, hostname or serial number of that name was \
             delivered in the last 400 days",
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

async fn find(arguments: &Status) -> Outcome<Vec<History>> {
    let names = names(&arguments.name);
    if let Some(stack) = &arguments.installation.stack {
        let stack = Box::pin(Stack::open(&Environment::of_process(), stack)).await?;
        return Ok(Box::pin(stack.histories(names)).await?);
    }
    Ok(Reader::open(&arguments.state)?.histories(names).await?)
}
