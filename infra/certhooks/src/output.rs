use std::fmt;
use std::io::Write;

use serde_json::{Value, json};

use crate::display::{clean, for_terminal};
use crate::table::SafeText;

/// `println!` for a terminal.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::output::print(std::io::stdout().lock(), format_args!($($line)*))
    };
}
pub(crate) use say;

/// `eprintln!` for a terminal.
macro_rules! complain {
    ($($line:tt)*) => {
        $crate::output::print(std::io::stderr().lock(), format_args!($($line)*))
    };
}
pub(crate) use complain;

/// Prints a line that a terminal takes as text only. A reader that has closed the pipe, such as `head`, is
/// no error: the command does its work all the same.
pub(crate) fn print(mut out: impl Write, line: fmt::Arguments<'_>) {
    let _reader_is_gone = writeln!(out, "{}", for_terminal(&line.to_string()));
}

/// A number with its noun, such as `1 event` or `2 events`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Standard output, as text for people or as JSON for programs.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints one line: `text` for people, `value` for programs.
    pub(crate) fn say(self, text: &str, value: &Value) {
        let line = if self.json { value.to_string() } else { text.to_owned() };
        say!("{line}");
    }

    /// Prints lines of a table.
    pub(crate) fn styled(self, lines: impl IntoIterator<Item = SafeText>) {
        let mut out = std::io::stdout().lock();
        for line in lines {
            let _reader_is_gone = writeln!(out, "{line}");
        }
    }

    /// Prints one step of several, as it ends.
    pub(crate) fn step(self, step: &str, outcome: &str, detail: &str) {
        let text = format!("{step:<10} {outcome:<8} {detail}");
        let value = json!({ "step": step, "outcome": outcome, "detail": detail });
        self.say(text.trim_end(), &value);
    }

    /// Prints a warning on standard error; the command goes on.
    pub(crate) fn warn(self, text: &str) {
        if self.json {
            complain!("{}", json!({ "warning": text }));
        } else {
            complain!("certhooks: warning: {}", clean(text));
        }
    }
}
