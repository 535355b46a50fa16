//! `make perf-regression` and `make perf-baseline` run this; `--help` has the rest.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use perf_regression::{Blessed, Stage, Tools, Verdict, judge};

/// Compares instructions to the first acknowledged webhook with the blessed figures
///
/// Fails when a function grew by more than 5 %. With another compiler, valgrind or processor than the
/// figures were taken with, it only says so.
#[derive(Debug, Parser)]
#[command(
    name = "guard",
    after_help = "Example:\n  guard --blessed infra/lab/perf-regression/blessed.json target/release/digicert-webhook"
)]
struct Cli {
    /// The file of the figures
    #[arg(long, value_name = "FILE")]
    blessed: PathBuf,
    /// Write the figures instead
    #[arg(long)]
    bless: bool,
    /// Webhook functions, as released
    #[arg(required = true, value_name = "BINARY")]
    binaries: Vec<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("guard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Cli) -> Result<bool> {
    let tools = Tools::here()?;
    let stage = Stage::set().await?;
    let mut found = Vec::new();
    for binary in &arguments.binaries {
        let count = stage.instructions(binary).await;
        found.push((name(binary), count.with_context(|| binary.display().to_string())?));
    }
    if arguments.bless {
        found.iter().for_each(|(function, count)| println!("{function:<20}{count:>12}"));
        Blessed { tools, functions: found.into_iter().collect() }.write(&arguments.blessed)?;
        return Ok(true);
    }
    let blessed = Blessed::read(&arguments.blessed)?;
    let grown = report(&blessed, &found);
    if blessed.tools == tools {
        return Ok(!grown);
    }
    println!(
        "No failure, whatever it says: the figures were taken with {:?}, and here is {tools:?}. \
         Look, then `make perf-baseline`.",
        blessed.tools
    );
    Ok(true)
}

/// A line for each function; answers whether one failed.
fn report(blessed: &Blessed, found: &[(String, u64)]) -> bool {
    let mut failed = false;
    for (function, count) in found {
        let verdict = judge(blessed, function, *count);
        let agreed = blessed.functions.get(function).copied().unwrap_or_default();
        let word = match verdict {
            Verdict::Within => "ok",
            Verdict::Better => "ok, and better: `make perf-baseline` keeps it so",
            Verdict::Grown => {
                "GROWN by more than 5 %: find out why, or `make perf-baseline` and say why"
            }
            Verdict::Unknown => "NOT BLESSED: `make perf-baseline`",
        };
        println!("{function:<20}{count:>12}  blessed {agreed:>12}  {word}");
        failed |= matches!(verdict, Verdict::Grown | Verdict::Unknown);
    }
    failed
}

fn name(binary: &Path) -> String {
    binary.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
