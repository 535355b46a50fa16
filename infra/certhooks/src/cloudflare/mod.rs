//! `certhooks cloudflare …`: webhook destinations and notification policies of a Cloudflare account.
//!
//! - [`args`]: its commands and options
//! - [`session`]: account, API token and webhook secret
//! - [`account`]: calls to the account's destinations and policies
//! - [`destination`], [`policy`]: list, create, test, delete
//! - [`subscribe`]: destination, test and policy in one command
//! - [`rotate`]: replaces the webhook secret without refusing an event

mod account;
pub(crate) mod args;
mod destination;
mod policy;
mod rotate;
mod session;
mod subscribe;

use std::process::ExitCode;

pub(crate) use account::{Account, destinations_at};

pub(crate) use crate::cloudflare::args::Access;
use crate::cloudflare::args::{Cloudflare, Destination, Policy};
use crate::cloudflare::session::Session;
use crate::error::CommandResult;

pub(crate) async fn run(command: Cloudflare) -> ExitCode {
    let json = command.access().common.json;
    match dispatch(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(json),
    }
}

async fn dispatch(command: Cloudflare) -> CommandResult<()> {
    let session = Session::open(command.access()).await?;
    match command {
        Cloudflare::Destination(Destination::Create(arguments)) => {
            destination::create(&session, &arguments).await
        }
        Cloudflare::Destination(Destination::Delete(arguments)) => {
            destination::delete(&session, &arguments.id).await
        }
        Cloudflare::Destination(Destination::List(_)) => destination::list(&session).await,
        Cloudflare::Destination(Destination::Test(arguments)) => {
            destination::test(&session, &arguments).await
        }
        Cloudflare::Policy(Policy::Create(arguments)) => policy::create(&session, &arguments).await,
        Cloudflare::Policy(Policy::Delete(arguments)) => {
            policy::delete(&session, &arguments.id).await
        }
        Cloudflare::Policy(Policy::List(arguments)) => policy::list(&session, arguments.all).await,
        Cloudflare::Rotate(arguments) => rotate::run(&session, &arguments).await,
        Cloudflare::Subscribe(arguments) => subscribe::run(&session, &arguments).await,
    }
}
