//! The operator's command.
//!
//! - [`cli`], [`args`]: the commands and their arguments; arguments that several commands share
//! - [`local`]: webhook endpoints, queues and worker in one process
//! - [`send`]: sends event files as the provider would, with its secret or signature
//! - [`tail`]: shows delivered certificate events as they arrive
//! - [`forward`]: hands delivered events over to consumers, each with a position of its own
//! - [`status`]: the history of a certificate
//! - [`certificates`], [`forecast`]: all certificates of the ledger; what their renewals take under shorter validities
//! - [`rows`]: the providers' own commands, a row each: [`digicert`] (the webhook of a CertCentral
//!   account), [`cloudflare`] (webhook destinations and notification policies), [`certspotter`] (issuances, keys in advance)
//! - [`reconcile`]: fetches the events that a provider failed to deliver
//! - [`replay`]: processes archived events again with the current code
//! - [`expect`]: announces a certificate, a key or an issuer
//! - [`forget`]: removes ids from the ledger, so that they can be delivered again
//! - [`erase`]: deletes all that is stored of an order or a domain
//! - [`backup`]: copies a state folder
//! - [`archive`]: the archived events that a command selects
//! - [`queue`]: lists and hurries what waits on the events queue
//! - [`dead_letters`]: lists, retries and deletes messages of the dead-letter queues
//! - [`inventory`]: what the ledger knows of all certificates, for these and the page
//! - [`page`]: the page that shows events, certificates and what waits
//! - [`inspect`]: checks a PEM chain offline, as the worker would
//! - [`doctor`]: checks the installation against the providers' configuration
//! - [`installation`]: where Certhooks runs: a state folder or a stack
//! - [`client`], [`credentials`]: calls to a provider's API; API keys and webhook secrets
//! - [`error`], [`output`]: how a command fails, and what it prints
//! - [`completions`], [`man`]: completion scripts for shells; manual pages
//! - [`stop_signal`]: the signals that end a long command in order
//! - [`version`]: what `--version` prints
//! - [`table`]: tables that fit the terminal, and colours
//! - [`display`], [`time_parsing`]: events as text for people; times and ages as people write them

mod archive;
mod args;
mod backup;
mod certificates;
mod certspotter;
mod cli;
mod client;
mod cloudflare;
mod completions;
mod credentials;
mod dead_letters;
mod digicert;
mod display;
mod doctor;
mod erase;
mod error;
mod expect;
mod forecast;
mod forget;
mod forward;
mod inspect;
mod installation;
mod inventory;
mod local;
mod man;
mod output;
mod page;
mod queue;
mod reconcile;
mod replay;
mod rows;
mod send;
mod status;
mod stop_signal;
mod table;
mod tail;
mod time_parsing;
mod version;

use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};
use crate::error::{CommandResult, exit_with};

/// A fifth of the worker's time was spent in the allocator of the C library; that of musl is slower still.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS back end for the whole process.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let matches = cli::command().try_get_matches().unwrap_or_else(|error| exit_with(&error));
    run(&matches).await.unwrap_or_else(|error| error.report(is_json(&matches)))
}

/// Whether an error is to be printed as JSON.
fn is_json(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((_, below)) => is_json(below),
        None => matches.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or_default(),
    }
}

async fn run(matches: &ArgMatches) -> CommandResult<ExitCode> {
    let (name, below) = matches.subcommand().unwrap_or(("", matches));
    if let Some(own) = rows::command(name) {
        return (own.run)(below).await.map(|()| ExitCode::SUCCESS);
    }
    match Cli::from_arg_matches(matches).unwrap_or_else(|error| exit_with(&error)).command {
        Command::Send(arguments) => return send::run(arguments).await,
        Command::Forget(arguments) => return Box::pin(forget::run(&arguments)).await,
        Command::Replay(arguments) => return Box::pin(replay::run(&arguments)).await,
        Command::DeadLetters(arguments) => return Box::pin(dead_letters::run(arguments)).await,
        Command::Doctor(arguments) => return Box::pin(doctor::run(arguments, below)).await,
        Command::Inspect(arguments) => return Ok(inspect::run(&arguments)),
        Command::Local(arguments) => Box::pin(local::run(arguments)).await?,
        Command::Tail(arguments) => tail::run(arguments).await?,
        Command::Forward(arguments) => Box::pin(forward::run(arguments)).await?,
        Command::Status(arguments) => Box::pin(status::run(&arguments)).await?,
        Command::Certificates(arguments) => Box::pin(certificates::run(&arguments)).await?,
        Command::Forecast(arguments) => Box::pin(forecast::run(&arguments)).await?,
        Command::Erase(arguments) => Box::pin(erase::run(&arguments)).await?,
        Command::Archive(arguments) => Box::pin(archive::run(arguments)).await?,
        Command::Backup(arguments) => backup::run(arguments).await?,
        Command::Page(arguments) => Box::pin(page::run(arguments)).await?,
        Command::Reconcile(arguments) => Box::pin(reconcile::run(arguments)).await?,
        Command::Queue(arguments) => Box::pin(queue::run(&arguments)).await?,
        Command::Expect(arguments) => Box::pin(expect::run(&arguments)).await?,
        Command::Completions(arguments) => completions::print(arguments.shell),
        Command::Man(arguments) => man::write(&arguments.folder)?,
    }
    Ok(ExitCode::SUCCESS)
}
