//! `certhooks meta …`: the subscription of a Meta app. Meta has retired the product; the command is kept.
//!
//! - [`args`]: its commands and options
//! - [`app`]: calls to the app's subscription and domains
//! - [`subscribe`]: both fields and the domains in one command

mod app;
pub(crate) mod args;
mod subscribe;

use std::process::ExitCode;

pub(crate) use app::{App, verify_token};

pub(crate) use crate::meta::args::Access;
use crate::meta::args::Meta;

pub(crate) async fn run(command: Meta) -> ExitCode {
    let Meta::Subscribe(arguments) = command;
    match subscribe::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(arguments.access.common.json),
    }
}
