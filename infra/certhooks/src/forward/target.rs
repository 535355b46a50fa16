use std::path::Path;
use std::time::Duration;

use boot::Environment;
use embedded::Delivered;

use crate::error::CommandResult;
use crate::forward::args::Run;
use crate::forward::exec::Exec;
use crate::forward::http::{self, Endpoint};
use crate::forward::signature::Signer;
use crate::output::Output;

/// Where the deliveries go.
pub(crate) enum Target {
    Endpoint(Box<Endpoint>),
    Exec(Exec),
}

/// The arguments that name a target, checked before anything is stored.
pub(crate) enum Checked {
    Url(reqwest::Url),
    Command(String),
}

/// Why a delivery was not taken.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// How long the consumer asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Whether no further attempt is wanted.
    pub(crate) is_final: bool,
}

impl Failure {
    pub(crate) fn of(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None, is_final: false }
    }
}

impl Target {
    /// # Errors
    /// The URL is invalid.
    pub(crate) fn check(run: &Run) -> CommandResult<Checked> {
        match (&run.to, &run.exec) {
            (Some(to), _) => http::consumer_url(to).map(Checked::Url),
            (None, exec) => Ok(Checked::Command(exec.clone().unwrap_or_default())),
        }
    }

    /// Hands a delivery over. `Ok` where it was taken.
    pub(crate) async fn hand_over(&self, delivered: &Delivered) -> Result<(), Failure> {
        match self {
            Self::Endpoint(endpoint) => endpoint.post(delivered).await,
            Self::Exec(exec) => exec.run(delivered).await,
        }
    }

    /// Ends the attempts in progress.
    pub(crate) fn cancel(&self) {
        if let Self::Exec(exec) = self {
            exec.cancel();
        }
    }
}

impl Checked {
    /// # Errors
    /// The signing secret cannot be used, or the HTTP client does not start.
    pub(crate) fn open(
        self,
        run: &Run,
        folder: &Path,
        environment: &Environment,
        output: Output,
    ) -> CommandResult<Target> {
        match self {
            Self::Url(url) => {
                let signer = Signer::open(&run.consumer, folder, environment, output)?;
                http::warn_of_plain_text(&url, output);
                Ok(Target::Endpoint(Box::new(Endpoint::new(url, signer, run.timeout)?)))
            }
            Self::Command(command) => Ok(Target::Exec(Exec::new(command, run.timeout))),
        }
    }
}
