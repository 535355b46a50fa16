use clap_complete::Shell;

use crate::cli;
use crate::output::say;

/// Prints the completion script for a shell.
pub(crate) fn print(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "certhooks", &mut script);
    say!("{}", String::from_utf8_lossy(&script));
}
