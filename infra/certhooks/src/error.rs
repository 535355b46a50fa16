use std::process::ExitCode;

use boot::SettingError;
use ports::PortError;
use providers::refusal::{Kind, Refusal};
use serde_json::json;

use crate::display::clean;
use crate::output::complain;

pub(crate) type CommandResult<T> = Result<T, CommandError>;

/// Ends the process with what clap says of a command line: help, version, or what is wrong with it. The
/// latter quotes arguments, so it goes through the escaping of everything that is printed.
pub(crate) fn exit_with(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    complain!("{}", error.render().to_string().trim_end());
    std::process::exit(error.exit_code());
}

/// Why a command failed: one line for its reader, and the exit status that `--help` documents.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: u8,
    message: String,
    /// The provider's own error code; `None` where the provider sent none.
    code: Option<String>,
}

impl CommandError {
    /// The request was refused, or failed on the way: exit status 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: 1, message: message.into(), code: None }
    }

    /// An option or a setting cannot be right, and nothing was sent: exit status 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed(message) }
    }

    /// What was asked for does not exist: exit status 3.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { exit: 3, ..Self::failed(message) }
    }

    /// Puts the step that failed before the message.
    pub(crate) fn during(self, step: &str) -> Self {
        Self { message: format!("{step}: {}", self.message), ..self }
    }

    /// Puts the present state, or what to do next, after the message.
    pub(crate) fn followed_by(self, state: &str) -> Self {
        Self { message: format!("{}; {state}", self.message), ..self }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the error on standard error, as text or as JSON, and returns the exit status.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json {
            let Self { exit, message, code } = self;
            complain!("{}", json!({ "error": message, "code": code, "exit": exit }));
        } else {
            complain!("certhooks: {}", clean(&self.message));
        }
        ExitCode::from(self.exit)
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        let error = if refusal.kind == Kind::NotFound { Self::not_found } else { Self::failed };
        Self { code: refusal.code.clone(), ..error(refusal.to_string()) }
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<PortError> for CommandError {
    fn from(error: PortError) -> Self {
        Self::failed(error.0)
    }
}

impl From<reconciliation::RunError> for CommandError {
    fn from(error: reconciliation::RunError) -> Self {
        match error {
            reconciliation::RunError::Refused(refusal) => refusal.into(),
            reconciliation::RunError::NoKey(_) => Self::usage(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<SettingError> for CommandError {
    fn from(error: SettingError) -> Self {
        Self::usage(error.to_string())
    }
}
