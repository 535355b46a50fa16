//! `certhooks digicert webhook …`: the webhook of a CertCentral account.
//!
//! - [`args`]: its commands and options
//! - [`access`], [`account`]: the account and its API key; calls to CertCentral
//! - [`installation`]: the webhook key and the waiting tokens of the installation
//! - [`actions`], [`change`], [`challenge`], [`logs`]: commands of one or two calls
//! - [`webhook_spec`]: what a webhook is to send, checked before anything is sent
//! - [`subscribe`], [`rotate`]: commands of several steps
//! - [`show`]: a webhook for people and for programs

mod access;
mod account;
mod actions;
mod args;
mod challenge;
mod change;
mod installation;
mod logs;
mod rotate;
mod show;
mod subscribe;
mod webhook_spec;

use std::process::ExitCode;

pub(crate) use self::access::{api_key, base, key_source};
pub(crate) use self::account::Account;
pub(crate) use self::args::{Access, Webhook};
pub(crate) use self::logs::EventLog;
use crate::error::CommandResult;

pub(crate) async fn run(command: Webhook) -> ExitCode {
    let json = command.access().common.json;
    match dispatch(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(json),
    }
}

async fn dispatch(command: Webhook) -> CommandResult<()> {
    match command {
        Webhook::List(arguments) => actions::list(&arguments).await,
        Webhook::Show(arguments) => actions::show(&arguments).await,
        Webhook::Create(arguments) => Box::pin(change::create(&arguments)).await,
        Webhook::Update(arguments) => Box::pin(change::update(&arguments)).await,
        Webhook::Test(arguments) => actions::test(&arguments).await,
        Webhook::Challenge(arguments) => challenge::run(&arguments).await,
        Webhook::Verify(arguments) => actions::verify(&arguments).await,
        Webhook::Activate(arguments) => actions::activate(&arguments).await,
        Webhook::Deactivate(arguments) => actions::deactivate(&arguments).await,
        Webhook::Delete(arguments) => actions::delete(&arguments).await,
        Webhook::Logs(arguments) => logs::run(&arguments).await,
        Webhook::Subscribe(arguments) => Box::pin(subscribe::run(&arguments)).await,
        Webhook::Rotate(arguments) => Box::pin(rotate::run(&arguments)).await,
    }
}
