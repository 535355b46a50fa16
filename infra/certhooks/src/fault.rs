use std::process::ExitCode;

use boot::SettingError;
use ports::PortError;
use providers::{cloudflare, digicert, meta};
use serde_json::json;

pub(crate) type Outcome<T> = Result<T, Fault>;

/// Why a command ends without having done it: one line, with the exit status that `--help` documents.
#[derive(Debug)]
pub(crate) struct Fault {
    exit: u8,
    text: String,
    /// The provider's own code.
    code: Option<String>,
}

impl Fault {
    /// Refused, or failed on the way.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { exit: 1, text: text.into(), code: None }
    }

    /// What was given cannot be right; nothing was sent.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed(text) }
    }

    /// What was asked for is not there.
    pub(crate) fn nothing(text: impl Into<String>) -> Self {
        Self { exit: 3, ..Self::failed(text) }
    }

    /// Says first what was being done.
    pub(crate) fn during(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }

    /// Says last how it stands now.
    pub(crate) fn then(self, what: &str) -> Self {
        Self { text: format!("{}; {what}", self.text), ..self }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if json {
            let Self { exit, text, code } = self;
            eprintln!("{}", json!({ "error": text, "code": code, "exit": exit }));
        } else {
            eprintln!("certhooks: {}", self.text);
        }
        ExitCode::from(self.exit)
    }
}

impl From<digicert::webhook::Refusal> for Fault {
    fn from(refusal: digicert::webhook::Refusal) -> Self {
        let code = refusal.code().map(str::to_owned);
        let fault = match refusal {
            digicert::webhook::Refusal::NoWebhookInAccount => Self::nothing,
            _ => Self::failed,
        };
        Self { code, ..fault(refusal.to_string()) }
    }
}

impl From<cloudflare::alerting::Refusal> for Fault {
    fn from(refusal: cloudflare::alerting::Refusal) -> Self {
        let code = refusal.code().map(|code| code.to_string());
        let fault = match refusal {
            cloudflare::alerting::Refusal::NotFound => Self::nothing,
            _ => Self::failed,
        };
        Self { code, ..fault(refusal.to_string()) }
    }
}

impl From<meta::subscription::Refusal> for Fault {
    fn from(refusal: meta::subscription::Refusal) -> Self {
        let code = refusal.code();
        let fault = match refusal {
            meta::subscription::Refusal::Retired => Self::nothing,
            _ => Self::failed,
        };
        Self { code, ..fault(refusal.to_string()) }
    }
}

impl From<PortError> for Fault {
    fn from(error: PortError) -> Self {
        Self::failed(error.0)
    }
}

impl From<reconciliation::RunError> for Fault {
    fn from(fault: reconciliation::RunError) -> Self {
        match fault {
            reconciliation::RunError::Refused(refusal) => refusal.into(),
            reconciliation::RunError::NoKey => Self::usage(fault.to_string()),
            fault => Self::failed(fault.to_string()),
        }
    }
}

impl From<SettingError> for Fault {
    fn from(error: SettingError) -> Self {
        Self::usage(error.to_string())
    }
}
