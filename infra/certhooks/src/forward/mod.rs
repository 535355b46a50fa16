//! `certhooks forward`: hands deliveries over to a consumer, from a position that is kept.
//!
//! - [`args`]: its commands and options
//! - [`forwarder`]: the two loops, of what is new and of what was not taken
//! - [`target`]: where a delivery goes, and what came of an attempt
//! - [`http`], [`signature`]: a POST request, signed as Standard Webhooks do
//! - [`exec`]: a command with the event on its standard input
//! - [`progress`]: a line for each attempt, and the counts at the end
//! - [`consumers`], [`untaken`]: lists and removes consumers; lists, retries and drops what was not taken

pub(crate) mod args;
mod consumers;
mod exec;
mod forwarder;
mod http;
mod progress;
mod signature;
mod target;
mod untaken;

use std::path::Path;

use boot::Environment;
use embedded::{Begin, Options, Reader, State};

use crate::args::DeliveryFilter;
use crate::error::{CommandError, CommandResult};
use crate::forward::args::{Command, Forward, Run};
use crate::forward::forwarder::Forwarder;
use crate::forward::progress::Progress;
use crate::forward::target::Target;
use crate::output::Output;

pub(crate) async fn run(arguments: Forward) -> CommandResult<()> {
    let Forward { command, run, filter, common } = arguments;
    let output = Output { json: common.json };
    match (command, run) {
        (Some(Command::Consumers(_)), _) => consumers::list(&common.state, output).await,
        (Some(Command::Remove(remove)), _) => {
            consumers::remove(&common.state, &remove.consumer, output).await
        }
        (Some(Command::List(list)), _) => untaken::list(&common.state, list, output).await,
        (Some(Command::Retry(selection)), _) => {
            untaken::retry(&common.state, selection, output).await
        }
        (Some(Command::Drop(selection)), _) => {
            untaken::drop(&common.state, selection, output).await
        }
        (None, Some(run)) => forward(&common.state, run, filter, output).await,
        // clap requires the options of a run where there is no command.
        (None, None) => Err(CommandError::usage("--consumer, and --to or --exec, are required")),
    }
}

async fn forward(
    folder: &Path,
    run: Run,
    filter: DeliveryFilter,
    output: Output,
) -> CommandResult<()> {
    let environment = Environment::of_process();
    let target = Target::check(&run)?;
    let state = State::join(folder, Options::default())?;
    let reader = Reader::open(folder)?;
    let begin = if run.from_now { Begin::Now } else { Begin::Oldest };
    let consumer = state.consumer(&run.consumer, begin).await?;
    let target = target.open(&run, folder, &environment, output)?;
    let progress = Progress::new(&run.consumer, output);
    Forwarder::new(consumer, reader, target, progress, filter, run.give_up_after).run().await
}
