use serde_json::{Value, json};

/// `println!` that does not panic when whoever read us has enough, such as `head`: what is done is done
/// all the same.
macro_rules! say {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _reader_is_gone = writeln!(std::io::stdout().lock(), $($line)*);
    }};
}
pub(crate) use say;

/// Standard output, for people or for programs.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// One line: `text` for people, `value` for programs.
    pub(crate) fn say(self, text: &str, value: &Value) {
        let line = if self.json { value.to_string() } else { text.to_owned() };
        say!("{line}");
    }

    /// One step of several, as it was taken.
    pub(crate) fn step(self, step: &str, outcome: &str, detail: &str) {
        let text = format!("{step:<10} {outcome:<8} {detail}");
        let value = json!({ "step": step, "outcome": outcome, "detail": detail });
        self.say(text.trim_end(), &value);
    }

    /// Something to know that stops nothing.
    pub(crate) fn warn(self, text: &str) {
        if self.json {
            eprintln!("{}", json!({ "warning": text }));
        } else {
            eprintln!("certhooks: warning: {text}");
        }
    }
}
