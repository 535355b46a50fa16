//! `chaos` runs every scenario at length, and prints the table of `make chaos`.
//!
//! - [`cli`]: the options
//! - [`scenarios`]: the scenarios, and what they need

mod cli;
mod scenarios;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chaos::report::{self, Row};
use clap::Parser;
use harness::seed;

use crate::cli::Arguments;
use crate::scenarios::{Programs, SCENARIOS, run};

const COMMAND: &str = "make chaos";
/// A scenario that takes longer than this has failed.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = seed()?;
    // A second call fails because the first one has set the provider.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    eprintln!("CHAOS_SEED={seed}");
    let programs = Arc::new(Programs::find(arguments.programs.as_deref())?);
    let mut others = Vec::new();
    for file in &arguments.rows {
        others.extend(report::read(file)?);
    }
    let mut rows = Vec::new();
    for name in SCENARIOS.into_iter().filter(|name| name.contains(&arguments.only)) {
        eprintln!("{name} ...");
        rows.push(run_to_end(name, &programs, &arguments, seed).await);
        if let Some(folder) = &arguments.write {
            report::write(&[&rows[..], &others].concat(), COMMAND, folder)?;
        }
    }
    rows.extend(others);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", report::markdown(&rows, COMMAND));
    }
    let all_good = !rows.is_empty() && rows.iter().all(Row::is_good);
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the row of a scenario, also if it ends with an error or a panic, or exceeds the time limit, so that
/// the others can run.
async fn run_to_end(
    name: &'static str,
    programs: &Arc<Programs>,
    arguments: &Arguments,
    seed: u64,
) -> Row {
    let began = Instant::now();
    let (programs, arguments) = (Arc::clone(programs), arguments.clone());
    let mut running = tokio::spawn(async move { run(name, &programs, &arguments, seed).await });
    let failure = match tokio::time::timeout(TIME_LIMIT, &mut running).await {
        Ok(Ok(Ok(row))) => return row,
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(panic)) => panic.to_string(),
        Err(_) => {
            running.abort();
            format!("not finished after {TIME_LIMIT:?}")
        }
    };
    eprintln!("=== {name}: FAILED: {failure} ===");
    Row { failure, seconds: began.elapsed().as_secs(), ..Row::new(name, seed) }
}
