//! `certhooks replay …`: processes archived events again with the current code.
//!
//! - [`args`]: its options
//! - [`selection`]: which events to replay
//! - [`installation`]: the state folder or the stack whose archive is read
//! - [`candidate_keys`]: the archive's keys that may hold a selected event, page by page
//! - [`source`]: the archive, which is not changed
//! - [`target`]: where the certificate events are delivered
//! - [`retry_queue`], [`ledger`]: what the worker uses instead of the events queue and the ledger
//! - [`worker`]: the worker with these ports
//! - [`attempt`]: replays one event, with retries
//! - [`progress`]: replays all events concurrently, and keeps the progress
//! - [`dry_run`]: lists what would be replayed

pub(crate) mod args;
mod attempt;
mod candidate_keys;
mod dry_run;
mod installation;
mod ledger;
mod progress;
mod retry_queue;
mod selection;
mod source;
mod target;
mod worker;

use std::process::ExitCode;

use boot::{Environment, Format};

use crate::error::CommandResult;
use crate::replay::args::Replay;
use crate::replay::candidate_keys::CandidateKeys;
use crate::replay::installation::Installation;
use crate::replay::selection::Selection;
use crate::replay::source::Source;
use crate::replay::target::Target;

pub(crate) async fn run(arguments: Replay) -> ExitCode {
    match replay(&arguments).await {
        Ok(code) => code,
        Err(error) => error.report(arguments.json),
    }
}

async fn replay(arguments: &Replay) -> CommandResult<ExitCode> {
    let selection = Selection::of(arguments)?;
    let environment = Environment::of_process();
    let installation = Installation::open(arguments, &environment).await?;
    let source = Source::of(&installation)?;
    let keys = CandidateKeys::new(source.clone(), &selection);
    if arguments.dry_run {
        return dry_run::run(keys, &source, &selection, arguments.json)
            .await
            .map(|()| ExitCode::SUCCESS);
    }
    // The worker logs the reasons of failed attempts.
    boot::log(&environment, Format::detect(), "warn")?;
    boot::report_panics();
    let target = Target::open(arguments.to.as_deref(), &installation)?;
    let providers = worker::providers(&arguments.state, &environment, &installation).await?;
    let replayer = worker::replayer(&providers, source, target)?;
    progress::run(keys, replayer, &selection, arguments).await
}
