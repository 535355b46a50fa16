//! CertCentral's side: `certhooks digicert webhook …`.
//!
//! - [`args`]: its commands and options
//! - [`access`], [`account`]: which account with which key; calls to CertCentral
//! - [`installation`]: our side: the door's key, the tokens that wait
//! - [`actions`], [`change`], [`challenge`], [`logs`]: one call each, more or less
//! - [`webhook_spec`]: what a webhook shall send, checked
//! - [`subscribe`], [`rotate`]: the whole way, step by step

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
pub(crate) use self::logs::Book;
use crate::fault::Outcome;

pub(crate) async fn run(command: Webhook) -> ExitCode {
    let json = command.access().common.json;
    match obey(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(json),
    }
}

async fn obey(command: Webhook) -> Outcome<()> {
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
