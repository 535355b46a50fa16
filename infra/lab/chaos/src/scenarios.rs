use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use chaos::report::Row;
use chaos::sqs::Functions;
use chaos::{local, sqs};
use envelope::Provider;

use crate::cli::Arguments;

pub(crate) const SCENARIOS: [&str; 9] = [
    "crash, SQS",
    "crash, local",
    "faults, SQS",
    "faults, local",
    DISK_FULL,
    "load, SQS",
    "load, local",
    "leaks, SQS",
    "leaks, local",
];
const DISK_FULL: &str = "disk full, local";

/// Rounds of events with secrets in them.
const ROUNDS: u64 = 10;
/// How often the disk is full, per event of the other faults.
const FULL: u64 = 50;

/// A user and a mount namespace in which we are root.
const UNSHARE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// The compiled programs.
pub(crate) struct Programs {
    certhooks: PathBuf,
    functions: Functions,
}

impl Programs {
    /// In `folder`, else beside this program.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Self> {
        let own = std::env::current_exe()?;
        let folder = folder.or_else(|| own.parent()).context("this program is in no folder")?;
        let program = |name: &str| {
            let path = std::path::absolute(folder.join(name))?;
            ensure!(path.exists(), "{} is missing: `make chaos` builds it", path.display());
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

/// One of [`SCENARIOS`]; `None` where something that it needs is missing here.
pub(crate) async fn run(
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
        DISK_FULL if arguments.namespaced => {
            local::full(certhooks, faults.div_ceil(FULL), seed).await.map(Some)
        }
        DISK_FULL => in_namespace(certhooks, faults, seed),
        "load, SQS" => sqs::load(functions, sqs_events, seed).await,
        "load, local" => local::load(certhooks, events, seed).await.map(Some),
        "leaks, SQS" => sqs::leaks(functions, ROUNDS, seed).await,
        _ => local::leaks(certhooks, ROUNDS, seed).await.map(Some),
    }
}

/// This program again, where it may mount a file system. `None` where that is not allowed.
fn in_namespace(certhooks: &Path, faults: u64, seed: u64) -> Result<Option<Row>> {
    let unshare = || {
        let mut command = Command::new(UNSHARE[0]);
        command.args(&UNSHARE[1..]);
        command
    };
    if !unshare().arg("true").status().is_ok_and(|status| status.success()) {
        eprintln!("{} is refused here", UNSHARE.join(" "));
        return Ok(None);
    }
    let output = unshare()
        .arg(std::env::current_exe()?)
        .args(["--namespaced", "--json", "--only", DISK_FULL, "--faults", &faults.to_string()])
        .arg("--programs")
        .arg(certhooks.parent().context("certhooks is in no folder")?)
        .env("CHAOS_SEED", seed.to_string())
        .output()?;
    let rows: Vec<Row> = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(rows.into_iter().next())
}
