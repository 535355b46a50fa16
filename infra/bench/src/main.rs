//! `make bench` runs this; `--help` has the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bench::side::Side;
use bench::stage::Stage;
use bench::{cold, markdown, warm};
use clap::Parser;

/// Measures the functions beside peers that do the same work
///
/// Takes the binaries beside its own: build them with `cargo build --release`.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    after_help = "Example:\n  target/release/bench --rounds 3 --only certhooks,floor --peers .tools/bench"
)]
struct Cli {
    /// How often each figure is taken
    #[arg(long, default_value_t = 11, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Sides, comma-separated; all when unset
    #[arg(long, value_name = "SIDES", value_delimiter = ',')]
    only: Vec<String>,
    /// Where the peers are installed
    #[arg(long, default_value = ".tools/bench", value_name = "DIR")]
    peers: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Cli) -> Result<()> {
    let program = std::env::current_exe()?;
    let binaries = program.parent().context("this program has no folder")?;
    let peers = std::path::absolute(&arguments.peers)?;
    let sides: Vec<_> = Side::all(binaries, &peers)
        .into_iter()
        .filter(|side| {
            arguments.only.is_empty() || arguments.only.iter().any(|name| name == side.name)
        })
        .collect();
    for side in &sides {
        side.check()?;
    }
    ensure!(!sides.is_empty(), "--only names no side");
    let stage = Stage::set().await?;
    let cold = cold::measure(&stage, &sides, arguments.rounds.into()).await?;
    println!("{}", markdown::cold(&cold, &sides));
    let warm = warm::measure(&stage, &sides, arguments.rounds.into()).await?;
    println!("{}", serde_json::to_string(&warm)?);
    Ok(())
}
