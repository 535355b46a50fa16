use std::time::{Duration, Instant};

use ports::{PortError, SecretSource};
use processing::{CallError, Endpoint};
use providers::api::{Answer, Key, Request};
use providers::digicert::admin::NO_SUCH_ROUTE;
use providers::profile;
use providers::refusal::{Kind, Refusal};

/// The maximum number of attempts of a call that fails transiently.
const MAX_ATTEMPTS: u32 = 3;
/// The first pause without a `Retry-After`; each attempt doubles it. CertCentral advises to wait
/// "seconds to minutes" ("Rate limits",
/// <https://dev.digicert.com/en/certcentral-apis/services-api/rate-limits.html>, read 2026-11-22).
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Why a run, or the rest of it, failed. The message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("there is no {0} yet: create one at the provider, and fill it in")]
    NoKey(&'static str),
    #[error("the {0} holds a control character or one that is not ASCII: store it again")]
    UnusableKey(&'static str),
    #[error("{0}")]
    Refused(Refusal),
    #[error("{base}: {error}: check that it is reachable from here, and run it again")]
    Unanswered { base: String, error: String },
    /// The records of a provider have another form than what it sent.
    #[error(
        "none of the {sent} events in the provider's records is one that arrived, and no older one is: their \
         shapes differ, or nothing has arrived yet; nothing was put on the queue"
    )]
    ShapesDiffer { sent: usize },
    #[error("the run reached its deadline; run it again for the rest")]
    OutOfTime,
    #[error("{0}")]
    Port(#[from] PortError),
}

/// A provider's API for one run.
pub(crate) struct ApiClient<'a> {
    endpoint: &'a Endpoint,
    base: &'a str,
    key: Key,
    deadline: Option<Instant>,
}

impl RunError {
    /// Whether the key is valid but lacks a permission, so that the run can continue without the answer.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.kind == Kind::Forbidden)
    }

    /// Whether nothing exists at this address.
    pub(crate) fn is_absent(&self) -> bool {
        let is_absent = |refusal: &Refusal| {
            refusal.is(NO_SUCH_ROUTE) || (refusal.status == 404 && refusal.is_definite())
        };
        matches!(self, Self::Refused(refusal) if is_absent(refusal))
    }

    /// Whether the provider refused the key, so that nothing works until it is replaced.
    pub fn is_key_refused(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.kind == Kind::KeyRefused)
    }
}

impl<'a> ApiClient<'a> {
    /// Reads the key as it is stored now.
    pub(crate) async fn open<S: SecretSource>(
        api: &profile::Api,
        (endpoint, base): (&'a Endpoint, &'a str),
        secret: &S,
        deadline: Option<Instant>,
    ) -> Result<Self, RunError> {
        let none = || RunError::NoKey(api.key_name);
        let stored = secret.current().await?.current.ok_or_else(none)?;
        let key = (api.key)(&stored).ok_or_else(none)?;
        if !key.is_sendable() {
            return Err(RunError::UnusableKey(api.key_name));
        }
        Ok(Self { endpoint, base, key, deadline })
    }

    /// Makes one call, and retries it while the failure may be transient and there is time.
    pub(crate) async fn ask<T>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, RunError> {
        let mut attempts = 0;
        loop {
            self.has_time(Duration::ZERO)?;
            let error = match self.endpoint.ask(request, &self.key, classify).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !matches!(error, CallError::NoBudget(_)) {
                attempts += 1;
            }
            let Some(pause) = pause(&error, attempts).filter(|_| attempts < MAX_ATTEMPTS) else {
                return Err(self.run_error(error));
            };
            self.has_time(pause)?;
            self.endpoint.pause(pause).await;
        }
    }

    fn has_time(&self, pause: Duration) -> Result<(), RunError> {
        let is_over = |deadline| Instant::now() + pause >= deadline;
        if self.deadline.is_some_and(is_over) { Err(RunError::OutOfTime) } else { Ok(()) }
    }

    fn run_error(&self, error: CallError) -> RunError {
        match error {
            CallError::Refused { refusal, .. } => RunError::Refused(refusal),
            error => RunError::Unanswered { base: self.base.to_owned(), error: error.to_string() },
        }
    }
}

/// The pause before the same call is made again; `None` when a retry would be pointless.
fn pause(error: &CallError, attempts: u32) -> Option<Duration> {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1));
    match error {
        CallError::NoBudget(wait) => Some(*wait),
        CallError::NoAnswer(_) => Some(doubled),
        CallError::Refused { refusal, after } => match refusal.kind {
            // Without a `Retry-After`, the shortest of CertCentral's windows has passed after this.
            Kind::RateLimited => Some(after.unwrap_or(doubled * 5)),
            Kind::Unavailable => Some(after.unwrap_or(doubled)),
            _ => None,
        },
        CallError::Key => None,
    }
}
