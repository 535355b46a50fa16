//! Cloudflare's side of the work: `certhooks cloudflare …`.
//!
//! - [`args`]: its commands and options
//! - [`session`]: account, token, webhook secret
//! - [`account`]: what the account has: destinations and policies
//! - [`destination`], [`policy`]: list, create, test, delete
//! - [`subscribe`]: the whole way in one command
//! - [`rotate`]: a new secret without a refused event

mod account;
pub(crate) mod args;
mod destination;
mod policy;
mod rotate;
mod session;
mod subscribe;

use std::process::ExitCode;

pub(crate) use account::{Account, at};

pub(crate) use crate::cloudflare::args::Access;
use crate::cloudflare::args::{Cloudflare, Destination, Policy};
use crate::cloudflare::session::Session;
use crate::fault::Outcome;

pub(crate) async fn run(command: Cloudflare) -> ExitCode {
    let json = command.access().common.json;
    match act(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(json),
    }
}

async fn act(command: Cloudflare) -> Outcome<()> {
    let session = Session::open(command.access()).await?;
    match command {
        Cloudflare::Destination(Destination::Create(words)) => {
            destination::create(&session, &words).await
        }
        Cloudflare::Destination(Destination::Delete(words)) => {
            destination::delete(&session, &words.id).await
        }
        Cloudflare::Destination(Destination::List(_)) => destination::list(&session).await,
        Cloudflare::Destination(Destination::Test(words)) => {
            destination::test(&session, &words).await
        }
        Cloudflare::Policy(Policy::Create(words)) => policy::create(&session, &words).await,
        Cloudflare::Policy(Policy::Delete(words)) => policy::delete(&session, &words.id).await,
        Cloudflare::Policy(Policy::List(words)) => policy::list(&session, words.all).await,
        Cloudflare::Rotate(words) => rotate::run(&session, &words).await,
        Cloudflare::Subscribe(words) => subscribe::run(&session, &words).await,
    }
}
