use std::path::PathBuf;

use clap::Parser;

/// Crashes, faults, load and leaks on the compiled programs.
///
/// CHAOS_SEED repeats a run as far as timing allows.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  torture --programs target/release --write infra/lab/chaos/results"
)]
pub(crate) struct Arguments {
    /// The folder with the compiled certhooks and functions; that of this program if left out
    #[arg(long, value_name = "FOLDER")]
    pub(crate) programs: Option<PathBuf>,
    /// Only scenarios whose name holds this
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) only: String,
    /// How often to `kill -9` each form
    #[arg(long, default_value_t = 520)]
    pub(crate) kills: u64,
    /// Events that come through each form while its ports fail
    #[arg(long, default_value_t = 1000)]
    pub(crate) faults: u64,
    /// Events of the load on certhooks local
    #[arg(long, default_value_t = 100_000)]
    pub(crate) events: u64,
    /// Events of the load through the emulator
    #[arg(long, default_value_t = 2000)]
    pub(crate) sqs_events: u64,
    /// More rows, made elsewhere, as a JSON list; may be absent
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Vec<PathBuf>,
    /// Where to write results.json and results.md
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Print the rows as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// We are in a mount namespace of our own
    #[arg(long, hide = true)]
    pub(crate) namespaced: bool,
}
