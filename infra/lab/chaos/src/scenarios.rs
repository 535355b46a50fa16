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

/// The number of rounds of events with secrets.
const ROUNDS: u64 = 10;
/// The number of other faults for each time that the disk is full.
const FAULTS_PER_FULL_DISK: u64 = 50;

/// Runs a program as root in a user and mount namespace of its own.
const UNSHARE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// The compiled programs.
pub(crate) struct Programs {
    certhooks: PathBuf,
    functions: Functions,
}

impl Programs {
    /// Finds them in `folder`, or else in the folder of this program.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Self> {
        let own = std::env::current_exe()?;
        let folder =
            folder.or_else(|| own.parent()).context("this program has no parent folder")?;
        let program = |name: &str| {
            let path = std::path::absolute(folder.join(name))?;
            ensure!(path.exists(), "{} is missing: `make chaos` builds it", path.display());
            Ok(path)
        };
        let webhooks = vec![
            (Provider::DIGICERT, program("digicert-webhook")?),
            (Provider::CLOUDFLARE, program("cloudflare-webhook")?),
            (Provider::META, program("meta-ct-webhook")?),
        ];
        let functions = Functions { worker: program("worker")?, webhooks };
        Ok(Self { certhooks: program("certhooks")?, functions })
    }
}

/// Runs one of [`SCENARIOS`].
pub(crate) async fn run(
    name: &str,
    Programs { certhooks, functions }: &Programs,
    arguments: &Arguments,
    seed: u64,
) -> Result<Row> {
    let Arguments { kills, faults, events, sqs_events, .. } = *arguments;
    match name {
        "crash, SQS" => sqs::crash(functions, kills, seed).await,
        "crash, local" => local::crash(certhooks, kills, seed).await,
        "faults, SQS" => sqs::faults(functions, faults, seed).await,
        "faults, local" => local::faults(certhooks, faults, seed).await,
        DISK_FULL if arguments.namespaced => {
            local::full(certhooks, faults.div_ceil(FAULTS_PER_FULL_DISK), seed).await
        }
        DISK_FULL => in_namespace(certhooks, faults, seed),
        "load, SQS" => sqs::load(functions, sqs_events, seed).await,
        "load, local" => local::load(certhooks, events, seed).await,
        "leaks, SQS" => sqs::leaks(functions, ROUNDS, seed).await,
        _ => local::leaks(certhooks, ROUNDS, seed).await,
    }
}

/// Runs this program again in a namespace where it may mount a file system.
fn in_namespace(certhooks: &Path, faults: u64, seed: u64) -> Result<Row> {
    let unshare = || {
        let mut command = Command::new(UNSHARE[0]);
        command.args(&UNSHARE[1..]);
        command
    };
    let is_permitted = unshare().arg("true").status().is_ok_and(|status| status.success());
    ensure!(is_permitted, "{} is not permitted on this machine", UNSHARE.join(" "));
    let output = unshare()
        .arg(std::env::current_exe()?)
        .args(["--namespaced", "--json", "--only", DISK_FULL, "--faults", &faults.to_string()])
        .arg("--programs")
        .arg(certhooks.parent().context("certhooks has no parent folder")?)
        .env("CHAOS_SEED", seed.to_string())
        .output()?;
    let rows: Vec<Row> = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    rows.into_iter().next().context("the run in the namespace has no row")
}
