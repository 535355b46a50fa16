//! The operator's command.
//!
//! - [`cli`], [`args`]: the commands and their arguments; arguments that several commands share
//! - [`local`]: webhook endpoints, queues and worker in one process
//! - [`send`]: sends event files as the provider would
//! - [`sign`]: signs a body, or adds the shared secret, as the provider would
//! - [`tail`]: shows delivered certificate events as they arrive
//! - [`status`]: the history of a certificate
//! - [`digicert`]: the webhook of a CertCentral account
//! - [`cloudflare`]: webhook destinations and notification policies of a Cloudflare account
//! - [`meta`]: subscription and domains of a Meta app
//! - [`replay`]: processes archived events again with the current code
//! - [`dead_letters`]: lists, retries and deletes messages of the dead-letter queues
//! - [`doctor`]: checks the installation against the providers' configuration
//! - [`reconcile`]: fetches the events that CertCentral failed to deliver
//! - [`client`], [`credentials`]: calls to a provider's API; API keys and secrets that the operator gives
//! - [`error`], [`output`]: how a command fails, and what it prints
//! - [`installation`], [`stack`], [`installation_secret`]: where Certhooks runs: types, an installation
//!   on AWS, and the webhook secret of an installation in its stages
//! - [`completions`]: completion scripts for shells
//! - [`keys`]: webhook secrets and API keys from the environment or the state folder
//! - [`display`], [`time_parsing`]: events as text for people; times and ages as people write them

mod args;
mod cli;
mod client;
mod cloudflare;
mod completions;
mod credentials;
mod dead_letters;
mod digicert;
mod display;
mod doctor;
mod error;
mod installation;
mod installation_secret;
mod keys;
mod local;
mod meta;
mod output;
mod reconcile;
mod replay;
mod send;
mod sign;
mod stack;
mod status;
mod tail;
mod time_parsing;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, Digicert};
use crate::error::CommandError;

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS back end for the whole process.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let command = Cli::parse().command;
    let json = command.is_json();
    match run(command).await {
        Ok(code) => code,
        Err(error) => CommandError::failed(format!("{error:#}")).report(json),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Local(arguments) => local::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Send(arguments) => send::run(arguments).await,
        Command::Tail(arguments) => tail::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Status(arguments) => Ok(Box::pin(status::run(arguments)).await),
        Command::Digicert(Digicert::Webhook(command)) => Ok(digicert::run(command).await),
        Command::Cloudflare(command) => Ok(Box::pin(cloudflare::run(command)).await),
        Command::Meta(command) => Ok(Box::pin(meta::run(command)).await),
        Command::Reconcile(arguments) => Ok(Box::pin(reconcile::run(arguments)).await),
        Command::Replay(arguments) => Ok(Box::pin(replay::run(arguments)).await),
        Command::DeadLetters(command) => Ok(Box::pin(dead_letters::run(command)).await),
        Command::Doctor(arguments) => Box::pin(doctor::run(arguments)).await,
        Command::Completions(arguments) => {
            completions::print(arguments.shell);
            Ok(ExitCode::SUCCESS)
        }
    }
}
