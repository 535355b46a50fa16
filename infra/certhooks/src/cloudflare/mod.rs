//! Cloudflare's part of the command: `certhooks cloudflare …`.
//!
//! - [`args`]: commands and options
//! - [`session`]: the account, its API token, the webhook secret, and calls to Cloudflare
//! - [`destination`], [`policy`]: list, create, test, delete
//! - [`subscribe`]: destination, test and policy in one command
//! - [`rotate`]: replaces the webhook secret without refusing an event
//! - [`doctor`]: the account's configuration, compared with the installation

mod args;
mod destination;
mod doctor;
mod policy;
mod rotate;
mod session;
mod subscribe;

use clap::{Arg, Args};

use self::args::{Cloudflare, Command, Destination, Policy};
use self::session::Session;
use crate::error::CommandResult;
use crate::rows::{CommandRow, Row, parsed};

pub(crate) static ROW: Row = Row {
    provider: session::PROVIDER,
    commands: &[CommandRow {
        name: "cloudflare",
        define: Cloudflare::augment_args,
        run: |matches| Box::pin(run(parsed(matches))),
    }],
    rotate: Some("cloudflare rotate"),
    doctor_options: |command| {
        let help = "Cloudflare account id; CLOUDFLARE_ACCOUNT_ID by default";
        command.arg(Arg::new("account").long("account").value_name("ID").help(help))
    },
    doctor: |context, report| Box::pin(doctor::check(context, report)),
};

async fn run(Cloudflare { command, access }: Cloudflare) -> CommandResult<()> {
    let session = Session::open(&access).await?;
    match &command {
        Command::Destination(Destination::Create(arguments)) => {
            destination::create(&session, arguments).await
        }
        Command::Destination(Destination::Delete { id }) => destination::delete(&session, id).await,
        Command::Destination(Destination::List) => destination::list(&session).await,
        Command::Destination(Destination::Test(arguments)) => {
            destination::test(&session, arguments).await
        }
        Command::Policy(Policy::Create(arguments)) => policy::create(&session, arguments).await,
        Command::Policy(Policy::Delete { id }) => policy::delete(&session, id).await,
        Command::Policy(Policy::List { all }) => policy::list(&session, *all).await,
        Command::Rotate(arguments) => rotate::run(&session, arguments).await,
        Command::Subscribe(arguments) => subscribe::run(&session, arguments).await,
    }
}
