use std::time::{Duration, Instant};

use ports::{PortError, SecretSource};
use processing::{CallError, Endpoint};
use providers::api::{Answer, Key, Request};
use providers::digicert::api;
use providers::digicert::webhook::Refusal;

/// How often a call is made that meets passing trouble.
const ATTEMPTS: u32 = 3;
/// "Wait seconds to minutes" is the advice where there is no `Retry-After` (CertCentral API, "Rate
/// limits"); doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a run, or the rest of it, came to nothing: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(
        "there is no CertCentral API key yet: fill it in, from CertCentral, Automation > API Keys"
    )]
    NoKey,
    #[error("{0}")]
    Refused(Refusal),
    #[error("CertCentral at {base}: {why}: check that it is reachable from here, and run it again")]
    Unanswered { base: String, why: String },
    #[error("the time of this run is over; run it again for the rest")]
    OutOfTime,
    #[error("{0}")]
    Port(#[from] PortError),
}

/// CertCentral's API for one run.
pub(crate) struct CertCentral<'a> {
    endpoint: &'a Endpoint,
    base: &'a str,
    key: Key,
    deadline: Option<Instant>,
}

impl Fault {
    /// The key is good, but not for this: the run may go on without the answer.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(Refusal::MissingPermission | Refusal::Denied { .. }))
    }

    /// There is nothing at this address.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::Refused(
                Refusal::NoSuchRoute
                    | Refusal::NoSuchWebhook
                    | Refusal::Html { status: 404 }
                    | Refusal::Unreadable { status: 404 }
                    | Refusal::Other { status: 404, .. }
            )
        )
    }

    /// CertCentral does not know the key, so nothing goes on until it is replaced.
    pub fn is_key_refused(&self) -> bool {
        matches!(self, Self::Refused(Refusal::KeyRefused))
    }
}

impl<'a> CertCentral<'a> {
    /// With the key as it is stored now.
    pub(crate) async fn open<S: SecretSource>(
        (endpoint, base): (&'a Endpoint, &'a str),
        secret: &S,
        deadline: Option<Instant>,
    ) -> Result<Self, Fault> {
        let stored = secret.current().await?.current.ok_or(Fault::NoKey)?;
        let key = api::key(&stored).ok_or(Fault::NoKey)?;
        Ok(Self { endpoint, base, key, deadline })
    }

    /// One question, asked again while the trouble may pass and there is time.
    pub(crate) async fn ask<T>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let mut attempts = 0;
        loop {
            self.has_time(Duration::ZERO)?;
            let unasked = match self.endpoint.ask(request, &self.key, classify).await {
                Ok(answer) => return Ok(answer),
                Err(unasked) => unasked,
            };
            if !matches!(unasked, CallError::NoBudget(_)) {
                attempts += 1;
            }
            let Some(pause) = pause(&unasked, attempts).filter(|_| attempts < ATTEMPTS) else {
                return Err(self.fault(unasked));
            };
            self.has_time(pause)?;
            tokio::time::sleep(pause).await;
        }
    }

    fn has_time(&self, pause: Duration) -> Result<(), Fault> {
        let is_over = |deadline| Instant::now() + pause >= deadline;
        if self.deadline.is_some_and(is_over) { Err(Fault::OutOfTime) } else { Ok(()) }
    }

    fn fault(&self, unasked: CallError) -> Fault {
        match unasked {
            CallError::Refused { refusal, .. } => Fault::Refused(refusal),
            unasked => Fault::Unanswered { base: self.base.to_owned(), why: unasked.to_string() },
        }
    }
}

/// How long to wait before the same question; `None` where that would change nothing.
fn pause(unasked: &CallError, attempts: u32) -> Option<Duration> {
    let doubled = PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1));
    match unasked {
        CallError::NoBudget(wait) => Some(*wait),
        CallError::NoAnswer(_) => Some(doubled),
        CallError::Refused { refusal: Refusal::RateLimited, after } => {
            // Without a word of CertCentral's the shortest of its windows has passed after this.
            Some(after.unwrap_or(doubled * 5))
        }
        CallError::Refused { refusal: Refusal::Unavailable { .. }, after } => {
            Some(after.unwrap_or(doubled))
        }
        CallError::Refused { .. } | CallError::Key => None,
    }
}
