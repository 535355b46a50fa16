use std::path::PathBuf;

use clap::Args;
use ports::PortError;
use serde_json::json;

use crate::args::CommonArgs;
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

/// Copies a state folder, also while `certhooks local` runs
///
/// The copy is a state folder itself, as it was at one moment: database, secrets.json (mode 0600) and whether
/// it is simulated. To go back to it, stop `certhooks local`, put the copy in the place of the folder, and
/// start again. Challenge tokens are left out. The copy holds every secret, so keep it as safe as the folder.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks backup /var/backups/certhooks-2026-11-30\n\n\
    Exit status: 0 copied; 1 failed; 2 wrong usage.")]
pub(crate) struct Backup {
    /// Folder to copy to, which is created, and must be empty if it exists
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: Backup) -> CommandResult<()> {
    let Backup { folder, common: CommonArgs { state, json } } = arguments;
    let (output, target) = (Output { json }, folder.clone());
    let copied = tokio::task::spawn_blocking(move || {
        embedded::back_up(&state, &target)?;
        Ok::<_, PortError>(embedded::check_secrets(&state).err())
    });
    let copied = copied.await.map_err(|error| CommandError::failed(error.to_string()))?;
    if let Some(error) = copied? {
        output.warn(&format!("the copy has no usable secrets: {error}"));
    }
    let folder = folder.display().to_string();
    output.say(&format!("copied to {folder}"), &json!({ "folder": folder }));
    Ok(())
}
