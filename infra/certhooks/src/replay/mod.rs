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

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use boot::{Environment, Format};
use time::OffsetDateTime;

use crate::archive::{Selection, Source};
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::Output;
use crate::replay::args::Replay;
use crate::replay::attempt::AttemptResult;
use crate::replay::target::Target;

/// How long retries of an event may take for which somebody waits.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// Replays one event to where the worker delivers, and returns the name of the run. `received` is when it was
/// received, by which it is found at once.
///
/// # Errors
/// The archive does not have it, or it was given up.
pub(crate) async fn one(
    installation: &dyn Installation,
    (state, environment): (&Path, &Environment),
    id: &str,
    received: Option<OffsetDateTime>,
) -> CommandResult<String> {
    let source = Source::of_one(installation, id, received)?;
    let is_simulated = !installation.is_stack() && embedded::is_simulated(state);
    let target = Target::open(None, installation, is_simulated)?;
    let providers = worker::providers(state, environment, installation).await?;
    let replayer = worker::replayer(&providers, source, target)?;
    let (run, mut keys) = (progress::new_run()?, replayer.source.keys());
    while let Some(key) = keys.next().await? {
        match attempt::replay(&replayer, &key, &run, PATIENCE).await {
            AttemptResult::NotSelected => {}
            AttemptResult::Replayed => return Ok(run),
            AttemptResult::Failed { error, .. } => return Err(CommandError::failed(error)),
        }
    }
    Err(CommandError::not_found("the archive has no such event"))
}
