use serde_json::{Value, json};

/// `println!` without its panic when the reader has closed the pipe, such as `head`: the command does
/// its work all the same.
macro_rules! say {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _reader_is_gone = writeln!(std::io::stdout().lock(), $($line)*);
    }};
}
pub(crate) use say;

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

    /// Prints one step of several, as it ends.
    pub(crate) fn step(self, step: &str, outcome: &str, detail: &str) {
        let text = format!("{step:<10} {outcome:<8} {detail}");
        let value = json!({ "step": step, "outcome": outcome, "detail": detail });
        self.say(text.trim_end(), &value);
    }

    /// Prints a warning on standard error; the command goes on.
    pub(crate) fn warn(self, text: &str) {
        if self.json {
            eprintln!("{}", json!({ "warning": text }));
        } else {
            eprintln!("certhooks: warning: {text}");
        }
    }
}
