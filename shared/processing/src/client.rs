use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use envelope::Reason;
use ports::PortResult;
use providers::api::{Answer, Call, Key, Request, retry_after};
use providers::refusal::Refusal;
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use time::OffsetDateTime;

use crate::budget::{Meter, Turn};
use crate::{Api, Clock, http};
use ports::SystemClock;

/// The largest answer that is read. A chain of a thousand certificates has 2 MB.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// How long a call waits for the rate limit where it may. If the wait would be longer, the event is requeued.
pub(crate) const MAX_RATE_LIMIT_WAIT: Duration = Duration::from_secs(2);

/// The API of one provider: its address, and what is left of its budget.
pub struct Endpoint {
    client: Client,
    base: Url,
    meter: Mutex<Meter>,
    clock: Arc<dyn Clock>,
}

/// Why a call of a management API has no good answer.
#[derive(Debug)]
pub enum CallError {
    /// No call was made. The budget allows one after this time.
    NoBudget(Duration),
    /// There was no complete answer, so whether the request took effect is unknown.
    NoAnswer(Reason),
    Refused {
        refusal: Refusal,
        /// From `Retry-After`.
        after: Option<Duration>,
    },
    /// The API key contains a character that a header cannot carry.
    Key,
}

impl Endpoint {
    pub(crate) fn new(client: Client, api: &Api, workers: u32, clock: Arc<dyn Clock>) -> Self {
        let meter = Mutex::new(Meter::new(&api.budget, workers));
        Self { client, base: api.base.clone(), meter, clock }
    }

    /// The API for the reconciler and the operator: it uses the fifth of the budget that is
    /// not the workers'.
    ///
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn beside_workers(api: &Api, timeout: Duration) -> PortResult<Self> {
        let client = http::client(timeout, &api.base)?;
        let meter = Mutex::new(Meter::beside_workers(&api.budget));
        Ok(Self { client, base: api.base.clone(), meter, clock: Arc::new(SystemClock) })
    }

    /// Takes the time from another clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Waits before the same call is made again.
    pub async fn pause(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// Waits for the budget, for `patience` at most.
    ///
    /// # Errors
    /// The time to wait, if it is longer.
    pub(crate) async fn admit(&self, turn: Turn, patience: Duration) -> Result<(), Duration> {
        let deadline = self.clock.instant() + patience;
        loop {
            let now = self.clock.instant();
            let taken = self.meter.lock().unwrap_or_else(PoisonError::into_inner).take(now, turn);
            match taken {
                Ok(()) => return Ok(()),
                Err(wait) if now + wait > deadline => return Err(wait),
                Err(wait) => self.clock.sleep(wait).await,
            }
        }
    }

    /// Makes one `GET`.
    ///
    /// # Errors
    /// Why there is no complete answer.
    pub(crate) async fn get(&self, call: &Call, key: &Key) -> Result<OwnedAnswer, Reason> {
        // The caller has made sure that the key can be sent, and a base always takes a path.
        self.send(self.request(call, key).ok_or(Reason::Unreachable)?).await
    }

    fn request(&self, call: &Call, key: &Key) -> Option<RequestBuilder> {
        let request = http::below(&self.client, &self.base, Method::GET, &call.segments)?;
        http::with_key(request.header(ACCEPT, call.accept).query(&call.query), key)
    }

    async fn send(&self, request: RequestBuilder) -> Result<OwnedAnswer, Reason> {
        let response = request.send().await.map_err(transport)?;
        let status = response.status().as_u16();
        let retry_after = retry_after_of(&response, self.clock.now());
        let is_encoded = http::is_encoded(&response);
        let body = http::body(response, ANSWER_LIMIT).await.map_err(transport)?;
        let body = body.ok_or(Reason::Unreadable)?;
        // Octets in an encoding that nobody asked for say nothing. What is left is the status.
        let body = if is_encoded { Vec::new() } else { body };
        Ok(OwnedAnswer { status, retry_after, body })
    }

    /// Makes one call of a management API within the budget, without a retry, and classifies the answer.
    ///
    /// # Errors
    /// Why there is no good answer. The error contains no secret.
    pub async fn ask<T>(
        &self,
        request: &Request,
        key: &Key,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        let answer = self.manage(request, key).await?;
        classify(&answer.borrow()).map_err(|refusal| CallError::Refused {
            refusal: refusal.without_secrets(&request.secrets(key)),
            after: answer.retry_after,
        })
    }

    /// As [`ask`](Self::ask), without the classification.
    pub(crate) async fn manage(
        &self,
        request: &Request,
        key: &Key,
    ) -> Result<OwnedAnswer, CallError> {
        let admitted = self.admit(Turn::New, MAX_RATE_LIMIT_WAIT).await;
        admitted.map_err(CallError::NoBudget)?;
        let built = http::management_call(&self.client, &self.base, request, key);
        self.send(built.ok_or(CallError::Key)?).await.map_err(CallError::NoAnswer)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBudget(_) => f.write_str("the API's request budget is used up"),
            Self::NoAnswer(reason) => write!(f, "no complete answer ({reason})"),
            Self::Refused { refusal, .. } => refusal.fmt(f),
            Self::Key => f.write_str("the API key contains a character that a header cannot carry"),
        }
    }
}

/// A complete answer that owns its body.
pub(crate) struct OwnedAnswer {
    pub(crate) status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl OwnedAnswer {
    pub(crate) fn borrow(&self) -> Answer<'_> {
        Answer { status: self.status, retry_after: self.retry_after, body: &self.body }
    }
}

fn retry_after_of(response: &Response, now: OffsetDateTime) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(value, u64::try_from(now.unix_timestamp()).unwrap_or_default())
}

/// The error's own text is dropped, because it repeats the address, which may contain the key.
fn transport(error: reqwest::Error) -> Reason {
    if error.is_timeout() {
        Reason::Timeout
    } else if error.is_connect() {
        Reason::Unreachable
    } else {
        Reason::Unreadable
    }
}
