//! The operator's command.
//!
//! - [`cli`], [`options`]: its words; those that several commands share
//! - [`local`]: door, queue, worker and simulator in one process
//! - [`send`]: sends event files as the provider would
//! - [`sign`]: keys or signs a body as the provider would
//! - [`tail`]: delivered certificate events as they come
//! - [`status`]: the history of a certificate
//! - [`digicert`]: CertCentral's side: the webhook of the account
//! - [`cloudflare`]: Cloudflare's side: webhook destinations and notification policies
//! - [`meta`]: Meta's side: the app's subscription and domains
//! - [`replay`]: archived events once more through the current code
//! - [`dead_letters`]: messages that were received too often, once more or no more
//! - [`doctor`]: what is configured here and there, compared
//! - [`reconcile`]: what CertCentral failed to send
//! - [`client`], [`fault`], [`output`], [`credentials`]: what these share: calls to providers' APIs, the
//!   end of a command, its output, its API keys and secrets
//! - [`installation`], [`stack`], [`installation_secret`]: where Certhooks runs: types, an installation on
//!   AWS, and the webhook secret of an installation in its stages
//! - [`completions`]: scripts for shells
//! - [`keys`]: webhook secrets and API keys from the environment or the state folder
//! - [`line`], [`moment`]: one event on one line, for people; a time as they write it

mod cli;
mod client;
mod cloudflare;
mod completions;
mod credentials;
mod dead_letters;
mod digicert;
mod doctor;
mod fault;
mod installation;
mod installation_secret;
mod keys;
mod line;
mod local;
mod meta;
mod moment;
mod options;
mod output;
mod reconcile;
mod replay;
mod send;
mod sign;
mod stack;
mod status;
mod tail;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, Digicert};
use crate::fault::Fault;

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS back end for everything in this process.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let command = Cli::parse().command;
    let json = command.is_json();
    match run(command).await {
        Ok(code) => code,
        Err(error) => Fault::failed(format!("{error:#}")).report(json),
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
