use std::path::PathBuf;

use chaos::scenarios::Lengths;
use clap::Parser;

/// Test the compiled programs with crashes, faults, load and leak checks
///
/// Set CHAOS_SEED to repeat a run as far as timing allows. Exits with 1 if a scenario failed or did not run.
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
    #[command(flatten)]
    pub(crate) lengths: Lengths,
    /// JSON file with further rows for the table
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Vec<PathBuf>,
    /// Folder to write results.json and results.md to
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Print the rows as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
