use std::path::Path;

use anyhow::Context;

use crate::cli;

/// Writes `certhooks.1` and a page for each command, such as `certhooks-local.1`.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(cli::command(), folder)
        .with_context(|| format!("{}: cannot write the manual pages", folder.display()))
}
