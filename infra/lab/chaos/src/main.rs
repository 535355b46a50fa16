//! `chaos` runs every scenario at length, and prints the table of `make chaos`.
//!
//! - [`cli`]: the options

mod cli;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chaos::programs::Programs;
use chaos::report::{self, Row};
use chaos::scenarios::{SCENARIOS, run};
use clap::Parser;
use harness::seed;

use crate::cli::Arguments;

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
    let programs = Arc::new(programs(&arguments)?);
    let others =
        arguments.rows.iter().map(|file| report::read(file)).collect::<Result<Vec<_>>>()?;
    let others = others.concat();
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

fn programs(arguments: &Arguments) -> Result<Programs> {
    let own = std::env::current_exe()?;
    let folder = arguments.programs.as_deref().or_else(|| own.parent());
    let folder = folder.context("this program has no parent folder")?;
    Programs::find(|name| {
        let path = std::path::absolute(folder.join(name))?;
        ensure!(path.exists(), "{} is missing: `make chaos` builds it", path.display());
        Ok(path)
    })
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
    let (programs, lengths) = (Arc::clone(programs), arguments.lengths);
    let mut running = tokio::spawn(async move { run(name, &programs, lengths, seed).await });
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
    Row { seed, seconds: began.elapsed().as_secs(), ..Row::failed(name, failure) }
}
