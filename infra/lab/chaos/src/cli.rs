use std::path::PathBuf;

use clap::Parser;

/// Test the compiled programs with crashes, faults, load and leak checks
///
/// Set CHAOS_SEED to repeat a run as far as timing allows. Exits with 1 if a scenario failed.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  chaos --programs target/release --write infra/lab/chaos/results"
)]
pub(crate) struct Arguments {
    /// Folder with the compiled certhooks and functions; the folder of this program if unset
    #[arg(long, value_name = "FOLDER")]
    pub(crate) programs: Option<PathBuf>,
    /// Run only scenarios whose name contains this text
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) only: String,
    /// Number of kills (SIGKILL) in each crash scenario
    #[arg(long, default_value_t = 520)]
    pub(crate) kills: u64,
    /// Number of faults (local) or events (SQS) in each fault scenario
    #[arg(long, default_value_t = 1000)]
    pub(crate) faults: u64,
    /// Number of events in the load scenario of certhooks local
    #[arg(long, default_value_t = 100_000)]
    pub(crate) events: u64,
    /// Number of events in the load scenario on the emulator
    #[arg(long, default_value_t = 2000)]
    pub(crate) sqs_events: u64,
    /// JSON file with further rows for the table; may be missing
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Vec<PathBuf>,
    /// Folder to write results.json and results.md to
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Print the rows as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The program runs in a mount namespace of its own
    #[arg(long, hide = true)]
    pub(crate) namespaced: bool,
}
