//! The operator's command.
//!
//! - [`cli`]: its words
//! - [`local`]: door, queue, worker and simulator in one process
//! - [`send`]: sends event files as the provider would
//! - [`sign`]: keys or signs a body as the provider would
//! - [`tail`]: delivered certificate events as they come
//! - [`challenge`]: the token of CertCentral's ownership challenge
//! - [`keys`]: webhook secrets and API keys from the environment or the state folder
//! - [`line`]: one event on one line, for people

mod challenge;
mod cli;
mod keys;
mod line;
mod local;
mod send;
mod sign;
mod tail;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, Digicert, Webhook};

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS back end for everything in this process.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("certhooks: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Local(arguments) => local::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Send(arguments) => send::run(arguments).await,
        Command::Tail(arguments) => tail::run(arguments).await.map(|()| ExitCode::SUCCESS),
        Command::Digicert(Digicert::Webhook(Webhook::Challenge(arguments))) => {
            challenge::run(arguments).await
        }
    }
}
