//! The providers whose configuration this command reads and changes: a folder and a row each. Whatever
//! works for all of them iterates over the rows and names none.

use std::io;
use std::pin::Pin;

use clap::{ArgMatches, Command};
use envelope::Provider;

use crate::doctor::{Context, Report};
use crate::error::{CommandResult, exit_with};
use crate::installation::BoxFuture;
use crate::{certspotter, cloudflare, digicert};

static ALL: [&Row; 3] = [&certspotter::ROW, &cloudflare::ROW, &digicert::ROW];

/// What joins one provider's folder to the command.
pub(crate) struct Row {
    pub(crate) provider: Provider,
    /// The provider's own commands.
    pub(crate) commands: &'static [CommandRow],
    /// The command that replaces its webhook secret, where that has a minimum length that older ones may lack.
    pub(crate) rotate: Option<&'static str>,
    /// Adds its options to `certhooks doctor`.
    pub(crate) doctor_options: fn(Command) -> Command,
    /// The checks of its configuration. They return the URL that the provider sends to; `None` where it
    /// could not be read or none is configured.
    pub(crate) doctor:
        for<'a> fn(&'a Context, &'a mut Report) -> BoxFuture<'a, io::Result<Option<String>>>,
}

/// A command that runs.
type Running<'a> = Pin<Box<dyn Future<Output = CommandResult<()>> + 'a>>;

/// A command of `certhooks`, and what it does.
pub(crate) struct CommandRow {
    pub(crate) name: &'static str,
    pub(crate) define: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches) -> Running<'_>,
}

/// The row of a provider; `None` where its configuration cannot be read.
pub(crate) fn of(provider: Provider) -> Option<&'static Row> {
    ALL.into_iter().find(|row| row.provider == provider)
}

/// The command with this name, if it is a provider's own.
pub(crate) fn command(name: &str) -> Option<&'static CommandRow> {
    ALL.into_iter().flat_map(|row| row.commands).find(|command| command.name == name)
}

/// Adds the providers' own commands and options.
pub(crate) fn define(command: Command) -> Command {
    ALL.into_iter().fold(command, |command, row| {
        let commands = row.commands.iter().map(|own| (own.define)(Command::new(own.name)));
        command.subcommands(commands).mut_subcommand("doctor", row.doctor_options)
    })
}

/// The arguments of a command whose definition they passed.
pub(crate) fn parsed<A: clap::FromArgMatches>(matches: &ArgMatches) -> A {
    A::from_arg_matches(matches).unwrap_or_else(|error| exit_with(&error))
}
