//! Archived events once more through the current code: `certhooks replay …`.
//!
//! - [`words`]: its options
//! - [`choice`]: which events are meant
//! - [`keys`]: the archive's keys that may hold them, page by page
//! - [`source`]: the archive, which stays as it is
//! - [`target`]: where the certificate events go
//! - [`again`], [`past`]: what the worker has in the place of events queue and ledger
//! - [`worker`]: the current code between these ports
//! - [`attempt`]: one event, until it is replayed or given up
//! - [`course`]: all of them side by side, and how far it went
//! - [`dry`]: what would be replayed

mod again;
mod attempt;
mod choice;
mod course;
mod dry;
mod keys;
mod past;
mod source;
mod target;
pub(crate) mod words;
mod worker;

use std::process::ExitCode;

use boot::{Environment, Format};
use embedded::{Options, State};

use crate::error::CommandResult;
use crate::replay::choice::Choice;
use crate::replay::keys::Keys;
use crate::replay::source::Source;
use crate::replay::target::Target;
use crate::replay::words::Replay;
use crate::stack::Stack;

/// Whose archive it is.
pub(crate) enum Home {
    Local(State),
    Stack(Box<Stack>),
}

pub(crate) async fn run(words: Replay) -> ExitCode {
    match replay(&words).await {
        Ok(code) => code,
        Err(error) => error.report(words.json),
    }
}

async fn replay(words: &Replay) -> CommandResult<ExitCode> {
    let choice = Choice::of(words)?;
    let environment = Environment::of_process();
    let home = match &words.installation.stack {
        Some(name) => Home::Stack(Box::new(Stack::open(&environment, name).await?)),
        None => Home::Local(State::join(&words.state, Options::default())?),
    };
    let source = Source::of(&home)?;
    let keys = Keys::new(source.clone(), &choice);
    if words.dry_run {
        return dry::run(keys, &source, &choice, words.json).await.map(|()| ExitCode::SUCCESS);
    }
    // Why an attempt failed is in the worker's own lines.
    boot::log(Format::detect(), "warn");
    boot::report_panics();
    let target = Target::open(words.to.as_deref(), &home)?;
    let providers = worker::providers(&words.state, &environment, &home).await?;
    let replaying = worker::of(&providers, source, target)?;
    course::run(keys, replaying, &choice, words).await
}
