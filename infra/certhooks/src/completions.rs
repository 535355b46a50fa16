use std::io::Write;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::say;

const NAME: &str = "certhooks";
/// clap_complete names the commands below these for fish, but not their options.
const DEPTH: usize = 2;

/// Prints the script for a shell.
pub(crate) fn print(shell: Shell) {
    let mut cli = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli, NAME, &mut script);
    // Whoever read us has enough, such as `head`.
    let _reader_is_gone = std::io::stdout().lock().write_all(&script);
    if shell == Shell::Fish {
        for line in options(&cli, &[]) {
            say!("{line}");
        }
    }
}

/// A line for fish for each option of the commands further down.
fn options(command: &Command, path: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    if path.len() > DEPTH {
        let seen: Vec<_> =
            path.iter().map(|name| format!("__fish_seen_subcommand_from {name}")).collect();
        let seen = seen.join("; and ");
        let shown = command.get_arguments().filter(|option| !option.is_hide_set());
        lines.extend(shown.filter_map(|option| line(&seen, option)));
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        lines.extend(options(below, &[path, &[below.get_name()]].concat()));
    }
    lines
}

fn line(seen: &str, option: &Arg) -> Option<String> {
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
    Some(format!("complete -c {NAME} -n \"{seen}\" -l {long}{takes} -d '{help}'"))
}
