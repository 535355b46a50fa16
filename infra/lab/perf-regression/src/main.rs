//! `make perf-regression` and `make perf-baseline` run this; see `--help` for its options.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use perf_regression::{Baseline, Comparison, InstructionCounter, Tools, compare};

/// Compare the instructions to the first acknowledged webhook with the baseline
///
/// Fails when the count of a function grew by more than 5 %. If the compiler, valgrind or processor
/// is another one than that of the baseline, it prints so and does not fail.
#[derive(Debug, Parser)]
#[command(
    name = "perf-regression",
    after_help = "Example:\n  perf-regression --baseline infra/lab/perf-regression/baseline.json target/release/digicert-webhook"
)]
struct Cli {
    /// File with the baseline
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// Write the measured counts to the baseline file instead of comparing
    #[arg(long)]
    update: bool,
    /// Release builds of webhook functions
    #[arg(required = true, value_name = "BINARY")]
    binaries: Vec<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("perf-regression: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether no function regressed.
async fn run(arguments: &Cli) -> Result<bool> {
    let tools = Tools::installed()?;
    let counter = InstructionCounter::start().await?;
    let mut counts = Vec::new();
    for binary in &arguments.binaries {
        let count = counter.count(binary).await;
        counts.push((name(binary), count.with_context(|| binary.display().to_string())?));
    }
    if arguments.update {
        counts.iter().for_each(|(function, count)| println!("{function:<20}{count:>12}"));
        Baseline { tools, functions: counts.into_iter().collect() }.write(&arguments.baseline)?;
        return Ok(true);
    }
    let baseline = Baseline::read(&arguments.baseline)?;
    let has_failed = report(&baseline, &counts);
    if baseline.tools == tools {
        return Ok(!has_failed);
    }
    println!(
        "Not a failure, whatever the comparison says: the baseline was taken with {:?}, and this \
         machine has {tools:?}. Check the counts, then run `make perf-baseline`.",
        baseline.tools
    );
    Ok(true)
}

/// Prints a line for each function, and returns whether one failed.
fn report(baseline: &Baseline, counts: &[(String, u64)]) -> bool {
    let mut has_failed = false;
    for (function, count) in counts {
        let comparison = compare(baseline, function, *count);
        let expected = baseline.functions.get(function).copied().unwrap_or_default();
        let text = match comparison {
            Comparison::WithinMargin => "ok",
            Comparison::Improved => "ok, improved: `make perf-baseline` keeps the gain",
            Comparison::Regressed => {
                "REGRESSED by more than 5 %: find out why, or run `make perf-baseline` and say why"
            }
            Comparison::NotInBaseline => "NOT IN THE BASELINE: run `make perf-baseline`",
        };
        println!("{function:<20}{count:>12}  baseline {expected:>12}  {text}");
        has_failed |= matches!(comparison, Comparison::Regressed | Comparison::NotInBaseline);
    }
    has_failed
}

fn name(binary: &Path) -> String {
    binary.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
