//! `torture`: every scenario at length, and the table that `make torture` prints.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use envelope::Provider;
use torture::random::seed;
use torture::report::{Row, markdown, write};
use torture::sqs::Functions;
use torture::{local, sqs};

/// Crashes, faults, load and leaks on the compiled programs.
///
/// TORTURE_SEED repeats a run as far as timing allows.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  torture --programs target/release --write infra/torture/results"
)]
struct Arguments {
    /// The folder with the compiled certhooks and functions; that of this program if left out
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Only scenarios whose name holds this
    #[arg(long, default_value = "", value_name = "TEXT")]
    only: String,
    /// How often to `kill -9` each form
    #[arg(long, default_value_t = 520)]
    kills: u64,
    /// Faults for each form
    #[arg(long, default_value_t = 1000)]
    faults: u64,
    /// Events of the load on certhooks local
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Events of the load through the emulator
    #[arg(long, default_value_t = 2000)]
    sqs_events: u64,
    /// More rows, made elsewhere, as a JSON list; may be absent
    #[arg(long, value_name = "FILE")]
    rows: Vec<PathBuf>,
    /// Where to write results.json and results.md
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

const SCENARIOS: [&str; 9] = [
    "crash, SQS",
    "crash, local",
    "faults, SQS",
    "faults, local",
    "disk full, local",
    "load, SQS",
    "load, local",
    "leaks, SQS",
    "leaks, local",
];

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = seed()?;
    // A second call finds the first one's and is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    eprintln!("TORTURE_SEED={seed}");
    let programs = Programs::find(arguments.programs.clone())?;
    let mut rows = Vec::new();
    for name in SCENARIOS.into_iter().filter(|name| name.contains(&arguments.only)) {
        eprintln!("{name} ...");
        match run(name, &programs, &arguments, seed).await.with_context(|| name.to_owned())? {
            Some(row) => rows.push(row),
            None => eprintln!("{name}: NOT RUN, see above"),
        }
    }
    for file in &arguments.rows {
        rows.extend(more(file)?);
    }
    if let Some(folder) = &arguments.write {
        write(&rows, "make torture", folder)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", markdown(&rows, "make torture"));
    }
    let all_good = !rows.is_empty() && rows.iter().all(Row::is_good);
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(
    name: &str,
    Programs { certhooks, functions }: &Programs,
    arguments: &Arguments,
    seed: u64,
) -> Result<Option<Row>> {
    let Arguments { kills, faults, events, sqs_events, .. } = *arguments;
    match name {
        "crash, SQS" => sqs::crash(functions, kills, seed).await,
        "crash, local" => local::crash(certhooks, kills, seed).await.map(Some),
        "faults, SQS" => sqs::faults(functions, faults, seed).await,
        "faults, local" => local::faults(certhooks, faults, seed).await.map(Some),
        "disk full, local" => local::full(certhooks, faults.div_ceil(50), seed).await,
        "load, SQS" => sqs::load(functions, sqs_events, seed).await,
        "load, local" => local::load(certhooks, events, seed).await.map(Some),
        "leaks, SQS" => sqs::leaks(functions, 10, seed).await,
        _ => local::leaks(certhooks, 10, seed).await.map(Some),
    }
}

struct Programs {
    certhooks: PathBuf,
    functions: Functions,
}

impl Programs {
    fn find(folder: Option<PathBuf>) -> Result<Self> {
        let own = std::env::current_exe()?;
        let folder = folder.or_else(|| own.parent().map(Path::to_owned)).context("no folder")?;
        let program = |name: &str| {
            let path = std::path::absolute(folder.join(name))?;
            ensure!(
                path.exists(),
                "{} is missing: cargo build --release --workspace",
                path.display()
            );
            Ok(path)
        };
        let doors = vec![
            (Provider::Digicert, program("digicert-webhook")?),
            (Provider::Cloudflare, program("cloudflare-webhook")?),
            (Provider::Meta, program("meta-ct-webhook")?),
        ];
        let functions = Functions { worker: program("worker")?, doors };
        Ok(Self { certhooks: program("certhooks")?, functions })
    }
}

fn more(file: &Path) -> Result<Vec<Row>> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| file.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}
