//! Archived events once more through the current code: `certhooks replay …`.
//!
//! - [`args`]: its options
//! - [`selection`]: which events are meant
//! - [`candidate_keys`]: the archive's keys that may hold them, page by page
//! - [`source`]: the archive, which stays as it is
//! - [`target`]: where the certificate events go
//! - [`retry_queue`], [`ledger`]: what the worker has in the place of events queue and ledger
//! - [`worker`]: the current code between these ports
//! - [`attempt`]: one event, until it is replayed or given up
//! - [`progress`]: all of them side by side, and how far it went
//! - [`dry_run`]: what would be replayed

pub(crate) mod args;
mod attempt;
mod candidate_keys;
mod dry_run;
mod ledger;
mod progress;
mod retry_queue;
mod selection;
mod source;
mod target;
mod worker;

use std::process::ExitCode;

use boot::{Environment, Format};
use embedded::{Options, State};

use crate::fault::Outcome;
use crate::replay::args::Replay;
use crate::replay::candidate_keys::Keys;
use crate::replay::selection::Choice;
use crate::replay::source::Source;
use crate::replay::target::Target;
use crate::stack::Stack;

/// Whose archive it is.
pub(crate) enum Home {
    Local(State),
    Stack(Box<Stack>),
}

pub(crate) async fn run(words: Replay) -> ExitCode {
    match replay(&words).await {
        Ok(code) => code,
        Err(fault) => fault.report(words.json),
    }
}

async fn replay(words: &Replay) -> Outcome<ExitCode> {
    let choice = Choice::of(words)?;
    let environment = Environment::of_process();
    let home = match &words.here.stack {
        Some(name) => Home::Stack(Box::new(Stack::open(&environment, name).await?)),
        None => Home::Local(State::join(&words.state, Options::default())?),
    };
    let source = Source::of(&home)?;
    let keys = Keys::new(source.clone(), &choice);
    if words.dry_run {
        return dry_run::run(keys, &source, &choice, words.json).await.map(|()| ExitCode::SUCCESS);
    }
    // Why an attempt failed is in the worker's own lines.
    boot::log(Format::detect(), "warn");
    boot::report_panics();
    let target = Target::open(words.to.as_deref(), &home)?;
    let providers = worker::providers(&words.state, &environment, &home).await?;
    let replaying = worker::of(&providers, source, target)?;
    progress::run(keys, replaying, &choice, words).await
}
