//! `certhooks replay …`: processes archived events again with the current code.
//!
//! - [`args`]: its options
//! - [`target`]: where the certificate events are delivered
//! - [`worker`]: the worker, with an events queue and a ledger that exist in this process only
//! - [`attempt`]: replays one event, with retries
//! - [`progress`]: replays all events concurrently, and keeps the progress
//! - [`dry_run`]: lists what would be replayed

pub(crate) mod args;
mod attempt;
mod dry_run;
mod progress;
mod target;
mod worker;

use std::process::ExitCode;

use boot::{Environment, Format};

use crate::archive::Selection;
use crate::archive::Source;
use crate::error::{CommandError, CommandResult};
use crate::installation;
use crate::output::Output;
use crate::replay::args::Replay;
use crate::replay::target::Target;

pub(crate) async fn run(arguments: &Replay) -> CommandResult<ExitCode> {
    if arguments.filter.is_empty() && !arguments.all {
        return Err(CommandError::usage(
            "no events are selected; select them with --since, --until, --provider, --event, --id, \
             --order or --hostname, or use --all",
        ));
    }
    let selection = Selection::of(arguments.filter.clone(), arguments.after.as_deref());
    let (environment, state) = (Environment::of_process(), &arguments.common.state);
    let installation = installation::open(&arguments.stack, state, &environment).await?;
    let source = Source { archive: installation.archive()?, selection };
    if arguments.dry_run {
        let output = Output { json: arguments.common.json };
        return dry_run::run(&source, output).await.map(|()| ExitCode::SUCCESS);
    }
    // The worker logs the reasons of failed attempts.
    boot::log(&environment, Format::detect(), "warn")?;
    boot::report_panics();
    let is_simulated = !installation.is_stack() && embedded::is_simulated(state);
    let target = Target::open(arguments.to.as_deref(), &*installation, is_simulated)?;
    let providers = worker::providers(state, &environment, &*installation).await?;
    progress::run(worker::replayer(&providers, source, target)?, arguments).await
}
