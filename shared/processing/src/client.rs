use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use envelope::Reason;
use ports::{PortError, PortResult};
use providers::api::{Answer, Call, Classification, Key, Refused, Request, retry_after};
use providers::digicert::webhook::Refusal;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use secrecy::ExposeSecret;
use time::OffsetDateTime;

use crate::budget::Meter;
use crate::clock::Machine;
use crate::{Api, Clock};

/// The largest answer that is read: a chain of a thousand certificates has 2 MB.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// A free place in the budget is waited for this long; for a later one the event goes back onto the
/// queue.
const BUDGET_PATIENCE: Duration = Duration::from_secs(2);

/// One provider's API: its address and what is left of its budget.
pub struct Endpoint {
    client: Client,
    base: Url,
    meter: Mutex<Meter>,
    clock: Arc<dyn Clock>,
}

/// What came of a call.
pub(crate) enum Called<T> {
    Answered {
        classification: Classification<T>,
        status: Option<u16>,
    },
    /// Not called: the budget has no place before so long.
    NoBudget(Duration),
}

/// Why a call of CertCentral's came to nothing.
#[derive(Debug)]
pub enum CallError {
    /// Not called: the budget has no place before so long.
    NoBudget(Duration),
    /// No whole answer: whether it was done cannot be told.
    NoAnswer(Reason),
    Refused {
        refusal: Refusal,
        /// From `Retry-After`.
        after: Option<Duration>,
    },
    /// The API key holds a character that no header can carry.
    Key,
}

/// The HTTP client of all providers.
///
/// # Errors
/// Only when the TLS back end does not start.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    // One provider in the whole tree; a second call finds the first one's and is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("certhooks/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout.min(Duration::from_secs(3)))
        .timeout(timeout)
        // A frozen Lambda finds its idle connections dead (aws-lambda-web-adapter #830).
        .pool_idle_timeout(Duration::from_secs(15))
        .build()
}

impl Endpoint {
    pub(crate) fn new(client: Client, api: &Api, workers: u32, clock: Arc<dyn Clock>) -> Self {
        let meter = Mutex::new(Meter::new(&api.budget, workers));
        Self { client, base: api.base.clone(), meter, clock }
    }

    /// CertCentral's API for what is not a worker: on the fifth of the budget that workers leave.
    ///
    /// # Errors
    /// Only when the TLS back end does not start.
    pub fn beside_workers(api: &Api, timeout: Duration) -> PortResult<Self> {
        let client = client(timeout)
            .map_err(|error| PortError(format!("the HTTP client did not start: {error}")))?;
        let meter = Mutex::new(Meter::beside_workers(&api.budget));
        Ok(Self { client, base: api.base.clone(), meter, clock: Arc::new(Machine) })
    }

    /// One `GET` within the budget; `judge` says what its answer means.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        key: &Key,
        is_first_attempt: bool,
        classify: impl Fn(&Answer<'_>) -> Classification<T>,
    ) -> Called<T> {
        if let Err(wait) = self.admit(is_first_attempt).await {
            return Called::NoBudget(wait);
        }
        match self.get(call, key).await {
            Ok(whole) => Called::Answered {
                classification: classify(&whole.answer()),
                status: Some(whole.status),
            },
            Err(reason) => Called::Answered {
                classification: Classification::Retry { reason, after: None },
                status: None,
            },
        }
    }

    async fn admit(&self, is_first_attempt: bool) -> Result<(), Duration> {
        let deadline = self.clock.instant() + BUDGET_PATIENCE;
        loop {
            let now = self.clock.instant();
            let taken = self
                .meter
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(now, is_first_attempt);
            match taken {
                Ok(()) => return Ok(()),
                Err(wait) if now + wait > deadline => return Err(wait),
                Err(wait) => self.clock.sleep(wait).await,
            }
        }
    }

    async fn get(&self, call: &Call, key: &Key) -> Result<Whole, Reason> {
        self.send(self.request(call, key).ok_or(Reason::Unreadable)?).await
    }

    fn request(&self, call: &Call, key: &Key) -> Option<RequestBuilder> {
        let request = self.to(Method::GET, &call.segments)?;
        with_key(request.header(ACCEPT, call.accept).query(&call.query), key)
    }

    fn to(&self, method: Method, segments: &[String]) -> Option<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        Some(self.client.request(method, url))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Whole, Reason> {
        let response = request.send().await.map_err(transport)?;
        let status = response.status().as_u16();
        let retry_after = retry_after_of(&response, self.clock.now());
        Ok(Whole { status, retry_after, body: read(response).await? })
    }

    /// One call of CertCentral's, within the budget and once; `judge` says what its answer means.
    ///
    /// # Errors
    /// Why there is no good answer, without anything secret.
    pub async fn ask<T>(
        &self,
        request: &Request,
        key: &Key,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        self.admit(true).await.map_err(CallError::NoBudget)?;
        let body = request.body.as_ref().map(|body| body.expose_secret().to_owned());
        let built = self
            .to(request.method.clone(), &request.segments)
            .and_then(|built| with_key(built.query(&request.query), key))
            .ok_or(CallError::Key)?
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body.unwrap_or_default());
        let whole = self.send(built).await.map_err(CallError::NoAnswer)?;
        classify(&whole.answer()).map_err(|refusal| CallError::Refused {
            refusal: refusal.without_secrets(&request.secrets(key)),
            after: whole.retry_after,
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBudget(_) => f.write_str("the API's budget has no room"),
            Self::NoAnswer(reason) => write!(f, "no whole answer ({reason})"),
            Self::Refused { refusal, .. } => refusal.fmt(f),
            Self::Key => f.write_str("the API key fits no header"),
        }
    }
}

fn with_key(request: RequestBuilder, key: &Key) -> Option<RequestBuilder> {
    Some(match key {
        Key::Header { name, value } => {
            let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
            value.set_sensitive(true);
            request.header(*name, value)
        }
        Key::Query { name, value } => request.query(&[(name, value.expose_secret())]),
    })
}

/// A whole answer, owned.
struct Whole {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Whole {
    fn answer(&self) -> Answer<'_> {
        Answer { status: self.status, retry_after: self.retry_after, body: &self.body }
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Reason> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(Reason::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after_of(response: &Response, now: OffsetDateTime) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after(value, u64::try_from(now.unix_timestamp()).unwrap_or_default())
}

/// The error's own text is dropped here: it repeats the address, and Meta's holds the token.
fn transport(error: reqwest::Error) -> Reason {
    if error.is_timeout() { Reason::Timeout } else { Reason::Unreadable }
}
