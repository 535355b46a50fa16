//! Meta's side of the work: `certhooks meta …`. The product is retired; the contract is kept.
//!
//! - [`args`]: its commands and options
//! - [`app`]: what an app hears of: subscription and domains
//! - [`subscribe`]: the whole way in one command

mod app;
pub(crate) mod args;
mod subscribe;

use std::process::ExitCode;

pub(crate) use app::{App, verify_token};

pub(crate) use crate::meta::args::Access;
use crate::meta::args::Meta;

pub(crate) async fn run(command: Meta) -> ExitCode {
    let Meta::Subscribe(words) = command;
    match subscribe::run(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(words.access.common.json),
    }
}
