//! CertCentral's part of the command: `certhooks digicert webhook …`.
//!
//! - [`args`]: commands and options
//! - [`session`]: the account, its API key, and calls to CertCentral
//! - [`actions`], [`change`], [`challenge`], [`logs`]: commands of one or two calls
//! - [`subscribe`], [`rotate`]: commands of several steps
//! - [`doctor`]: CertCentral's configuration, compared with the installation

mod actions;
pub(crate) mod args;
mod challenge;
mod change;
mod doctor;
mod logs;
mod rotate;
mod session;
mod subscribe;

use clap::{Arg, ArgAction, Subcommand};
use providers::digicert::admin;

use self::args::{Command, Digicert, Webhook};
use crate::error::CommandResult;
use crate::rows::{CommandRow, Row, parsed};

pub(crate) static ROW: Row = Row {
    provider: session::PROVIDER,
    commands: &[CommandRow {
        name: "digicert",
        define: Digicert::augment_subcommands,
        run: |matches| {
            let Digicert::Webhook(webhook) = parsed(matches);
            Box::pin(run(webhook))
        },
    }],
    rotate: None,
    doctor_options: |command| {
        let help = "Use the European instance of CertCentral";
        command.arg(Arg::new("eu").long("eu").action(ArgAction::SetTrue).help(help))
    },
    doctor: |context, report| Box::pin(doctor::check(context, report)),
};

async fn run(Webhook { command, access }: Webhook) -> CommandResult<()> {
    let access = &access;
    match &command {
        Command::List => actions::list(access).await,
        Command::Show(arguments) => actions::show(access, arguments).await,
        Command::Create(arguments) => Box::pin(change::create(access, arguments)).await,
        Command::Update(arguments) => Box::pin(change::update(access, arguments)).await,
        Command::Test(arguments) => actions::test(access, arguments).await,
        Command::Challenge(arguments) => challenge::run(access, arguments).await,
        Command::Verify(arguments) => challenge::verify(access, arguments).await,
        Command::Activate(id) => actions::act(access, id, admin::activate, "active").await,
        Command::Deactivate(id) => actions::act(access, id, admin::deactivate, "inactive").await,
        Command::Delete(id) => actions::act(access, id, admin::delete, "deleted").await,
        Command::Logs(arguments) => logs::run(access, arguments).await,
        Command::Subscribe(arguments) => Box::pin(subscribe::run(access, arguments)).await,
        Command::Rotate(arguments) => Box::pin(rotate::run(access, arguments)).await,
    }
}
