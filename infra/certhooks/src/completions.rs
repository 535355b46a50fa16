use std::io::Write;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::say;

const NAME: &str = "certhooks";
/// The depth to which clap_complete writes the options of commands for fish.
const DEPTH: usize = 2;

/// Prints the completion script for a shell.
pub(crate) fn print(shell: Shell) {
    let mut cli = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli, NAME, &mut script);
    // The reader may close the pipe early, such as `head`.
    let _reader_is_gone = std::io::stdout().lock().write_all(&script);
    if shell == Shell::Fish {
        for line in options(&cli, &[]) {
            say!("{line}");
        }
    }
}

/// A line for fish for each option of the commands below that depth.
fn options(command: &Command, path: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    if path.len() > DEPTH {
        let conditions: Vec<_> =
            path.iter().map(|name| format!("__fish_seen_subcommand_from {name}")).collect();
        let condition = conditions.join("; and ");
        let shown = command.get_arguments().filter(|option| !option.is_hide_set());
        lines.extend(shown.filter_map(|option| line(&condition, option)));
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        lines.extend(options(below, &[path, &[below.get_name()]].concat()));
    }
    lines
}

fn line(condition: &str, option: &Arg) -> Option<String> {
    let long = option.get_long()?;
    let values = option.get_possible_values();
    let values: Vec<_> = values.iter().map(|value| value.get_name()).collect();
    let takes = match (option.get_action().takes_values(), values.is_empty()) {
        (false, _) => String::new(),
        (true, true) => " -r".to_owned(),
        (true, false) => format!(" -r -f -a '{}'", values.join(" ")),
    };
    let help = option.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.replace('\\', "\\\\").replace('\'', "\\'");
    Some(format!("complete -c {NAME} -n \"{condition}\" -l {long}{takes} -d '{help}'"))
}
