use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::leaks::leaks;
use crate::local::{self, LocalTestbed};
use crate::programs::Programs;
use crate::report::Row;
use crate::sqs::{self, SqsTestbed};

pub const SCENARIOS: [&str; 10] = [
    "crash, SQS",
    "crash, local",
    "faults, SQS",
    "faults, local",
    DISK_FULL,
    "load, SQS",
    "a day, local",
    "attack, local",
    "leaks, SQS",
    "leaks, local",
];
const DISK_FULL: &str = "disk full, local";

/// The number of other faults for each time that the disk is full.
const FAULTS_PER_FULL_DISK: u64 = 50;

/// Runs a program as root in a user and mount namespace of its own.
const UNSHARE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// How long the scenarios are.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Lengths {
    /// Number of kills (SIGKILL) in each crash scenario
    #[arg(long, default_value_t = 520)]
    pub kills: u64,
    /// Number of faults (local) or events (SQS) in each fault scenario
    #[arg(long, default_value_t = 1000)]
    pub faults: u64,
    /// Number of events in the load scenario
    #[arg(long, default_value_t = 2000)]
    pub sqs_events: u64,
    /// Number of orders in the day of a simulated account
    #[arg(long, default_value_t = 10_000)]
    pub day: u64,
    /// Number of seconds of each attack on `certhooks local`
    #[arg(long, default_value_t = 120)]
    pub attack: u64,
    /// Number of rounds of events with secrets in each leak scenario
    #[arg(long, default_value_t = 3)]
    pub rounds: u64,
    /// The program runs in a mount namespace of its own
    #[arg(long, hide = true)]
    pub namespaced: bool,
}

/// Runs one of [`SCENARIOS`].
///
/// # Errors
/// The scenario could not be run to its end.
pub async fn run(name: &str, programs: &Programs, lengths: Lengths, seed: u64) -> Result<Row> {
    let Lengths { kills, faults, sqs_events, day, attack, rounds, namespaced } = lengths;
    let (began, row) = (Instant::now(), Row::new(name, seed));
    let row = match name {
        "crash, SQS" => sqs::crash(programs, kills, row).await,
        "crash, local" => local::crash(programs, kills, row).await,
        "faults, SQS" => sqs::faults(programs, faults, row).await,
        "faults, local" => local::faults(programs, faults, row).await,
        DISK_FULL if namespaced => {
            local::full(programs, faults.div_ceil(FAULTS_PER_FULL_DISK), row).await
        }
        DISK_FULL => in_namespace(&programs.certhooks, faults, seed),
        "load, SQS" => sqs::load(programs, sqs_events, row).await,
        "a day, local" => local::day(programs, day, row).await,
        "attack, local" => local::attack(programs, attack, row).await,
        "leaks, SQS" => leaks::<SqsTestbed>(programs, rounds, row).await,
        _ => leaks::<LocalTestbed>(programs, rounds, row).await,
    }?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
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
