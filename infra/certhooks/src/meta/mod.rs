//! Meta's side of the work: `certhooks meta …`. The product is retired; the contract is kept.
//!
//! - [`words`]: its commands and options
//! - [`app`]: what an app hears of: subscription and domains
//! - [`subscribe`]: the whole way in one command

mod app;
mod subscribe;
pub(crate) mod words;

use std::process::ExitCode;

pub(crate) use app::{App, verify_token};

pub(crate) use crate::meta::words::Access;
use crate::meta::words::Meta;

pub(crate) async fn run(command: Meta) -> ExitCode {
    let Meta::Subscribe(words) = command;
    match subscribe::run(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(words.access.common.json),
    }
}
