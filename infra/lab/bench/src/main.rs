//! `make bench` runs this; see `--help` for its options.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bench::figures::Figures;
use bench::results::{Method, Results};
use bench::side::{OURS, Side};
use bench::stage::Stage;
use bench::{cold, local, markdown, size, targets, warm, worker};
use clap::{Parser, ValueEnum};

/// Compare the functions with peers that do the same work
///
/// The compiled functions are those in the folder of this program. `make bench` builds them, installs the
/// peers and runs all parts. Run it in the root of the repository.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    max_term_width = 100,
    after_help = "Example:\n  target/release/bench --rounds 3 --only certhooks,floor --parts cold,warm"
)]
struct Cli {
    /// Number of measurements of each figure
    #[arg(long, default_value_t = 11, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Number of events through `certhooks local`
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..))]
    events: u32,
    /// Sides to compare, comma-separated; all if unset
    #[arg(long, value_name = "SIDES", value_delimiter = ',')]
    only: Vec<String>,
    /// Parts to measure, comma-separated; all if unset
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    parts: Vec<Part>,
    /// Folder with the installed peers
    #[arg(long, default_value = ".tools/bench", value_name = "DIR")]
    peers: PathBuf,
    /// Folder to write bench.json and bench.md to
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    results: PathBuf,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    Cold,
    Local,
    Size,
    Warm,
    Worker,
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
    let binaries = program.parent().context("this program has no parent folder")?;
    let sides = sides(arguments, binaries)?;
    let template_mb = template_memory(Path::new("infra/aws/template.yaml"))?;
    let rounds = arguments.rounds.into();
    let stage = Stage::set().await?;
    let figures = measure(arguments, &stage, &sides, binaries).await?;
    let results = Results {
        method: Method::of(&stage, &sides, rounds),
        targets: targets::of(&figures, template_mb),
        figures,
    };
    results.write(&arguments.results, &sides)?;
    println!("{}", markdown::render(&results, &sides));
    eprintln!("bench: wrote the results to {}", arguments.results.display());
    let void = &results.figures.void;
    ensure!(void.is_empty(), "void figures: {void:?}");
    Ok(())
}

fn sides(arguments: &Cli, binaries: &Path) -> Result<Vec<Side>> {
    let wanted =
        |side: &Side| arguments.only.is_empty() || arguments.only.iter().any(|it| it == side.name);
    let all = Side::all(binaries, &std::path::absolute(&arguments.peers)?);
    let sides: Vec<_> = all.into_iter().filter(wanted).collect();
    let is_ours_first = sides.first().is_some_and(|side| side.name == OURS);
    ensure!(is_ours_first, "--only must name {OURS}, which the others are compared with");
    sides.iter().try_for_each(Side::check)?;
    Ok(sides)
}

async fn measure(
    arguments: &Cli,
    stage: &Stage,
    sides: &[Side],
    binaries: &Path,
) -> Result<Figures> {
    let wants = |part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    let rounds = arguments.rounds.into();
    let mut all = Figures::default();
    if wants(Part::Size) {
        size::measure(stage, sides, &mut all)?;
    }
    if wants(Part::Cold) {
        cold::measure(stage, sides, rounds, &mut all).await?;
    }
    if wants(Part::Warm) {
        warm::measure(stage, sides, rounds, &mut all).await?;
    }
    // If one of these fails, its figures are void, so that earlier parts are kept.
    if wants(Part::Worker)
        && let Err(error) = worker::measure(stage, binaries, rounds, &mut all).await
    {
        all.mark_void(worker::WORKER, &error);
    }
    if wants(Part::Local)
        && let Err(error) = local::measure(stage, binaries, arguments.events.into(), &mut all).await
    {
        all.mark_void(local::LOCAL, &error);
    }
    Ok(all)
}

/// The memory of all functions in MB, from the `Globals` of the template.
fn template_memory(template: &Path) -> Result<u32> {
    let text = std::fs::read_to_string(template).with_context(|| template.display().to_string())?;
    let first = text.lines().find_map(|line| line.trim().strip_prefix("MemorySize:"));
    let memory = first.and_then(|memory| memory.trim().parse().ok());
    memory.with_context(|| format!("{}: no MemorySize with a number", template.display()))
}
