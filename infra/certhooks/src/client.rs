use std::error::Error;
use std::time::Duration;

use providers::address;
use providers::api::{Answer, Key, Refused, Request};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};
use secrecy::ExposeSecret;

use crate::display::clean;
use crate::error::{CommandError, CommandResult};

/// Maximum size of an answer, in bytes. The largest known, a page of an event log, is below 1 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of a provider's API, for the operator's commands.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Key,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum CallError<R> {
    Refused(R),
    /// No complete answer arrived, so it is unknown whether the provider did what was asked.
    Unanswered(String),
}

impl<R: Into<CommandError>> From<CallError<R>> for CommandError {
    fn from(error: CallError<R>) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            CallError::Unanswered(reason) => Self::failed(reason),
        }
    }
}

impl<R: Refused> CallError<R> {
    /// Whether it is certain that the provider did nothing.
    pub(crate) fn is_definite(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_definite())
    }
}

impl<R: PartialEq> CallError<R> {
    pub(crate) fn is_refusal(&self, wanted: &R) -> bool {
        matches!(self, Self::Refused(refusal) if refusal == wanted)
    }
}

impl Client {
    pub(crate) fn new(base: Url, key: Key) -> CommandResult<Self> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("certhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT);
        let builder = if is_loopback(&base) { builder.no_proxy() } else { builder };
        let http = builder
            .build()
            .map_err(|error| CommandError::failed(format!("the HTTP client: {}", cause(&error))))?;
        Ok(Self { http, base, key })
    }

    /// Makes one call, without a retry. `classify` says what the answer means.
    pub(crate) async fn call<T, R: Refused>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, R>,
    ) -> Result<T, CallError<R>> {
        let unanswered = |reason: &str| CallError::Unanswered(format!("{}: {reason}", self.base));
        let built = self.build(request).ok_or_else(|| {
            unanswered("the API key contains a character that a header cannot carry")
        })?;
        let (status, body) = match built.send().await {
            Ok(response) => (response.status().as_u16(), read(response).await),
            Err(error) => return Err(unanswered(&cause(&error))),
        };
        let body = body.map_err(|reason| unanswered(&reason))?;
        classify(&Answer { status, retry_after: None, body: &body }).map_err(|refusal| {
            CallError::Refused(refusal.without_secrets(&request.secrets(&self.key)))
        })
    }

    fn build(&self, request: &Request) -> Option<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(&request.segments);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .timeout(request.timeout)
            .header(ACCEPT, "application/json")
            .query(&request.query);
        builder = match &self.key {
            Key::Header { name, value } => {
                let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
                value.set_sensitive(true);
                builder.header(*name, value)
            }
            Key::Query { name, value } => builder.query(&[(name, value.expose_secret())]),
        };
        // CertCentral's documentation sends the content type with every call, also without a body.
        let body = request.body.as_ref().map(|body| body.expose_secret().to_owned());
        Some(builder.header(CONTENT_TYPE, "application/json").body(body.unwrap_or_default()))
    }
}

/// The URL of a webhook endpoint: https, or http on a loopback address, since only a simulated provider
/// sends there.
///
/// # Errors
/// The URL is invalid. The error quotes it only where it cannot contain a password.
pub(crate) fn endpoint_url(option: &str, text: &str) -> CommandResult<Url> {
    let url = Url::parse(text).map_err(|_| {
        CommandError::usage(format!(
            "{option}: not a valid URL; it must look like https://hooks.example.com"
        ))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CommandError::usage(format!(
            "{option}: must not contain a user name or password"
        )));
    }
    let error = |problem: &str| CommandError::usage(format!("{option} {}: {problem}", clean(text)));
    if url.fragment().is_some() {
        return Err(error("must not contain a fragment (#)"));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(error("must begin with https:// (http:// is allowed on a loopback address only)")),
    }
}

/// Whether a URL names this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(address::is_loopback)
}

/// Whether two addresses are the same URL, as `https://a.example` and `https://A.example/` are.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one == other
        || matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(
                "the answer is larger than 16 MiB; check that the base URL is right".to_owned()
            );
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause on one line. The outer ones repeat the URL, which may contain the key.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within the time limit; check that this machine can reach it, and try again".to_owned();
    }
    let Some(mut innermost) = error.source() else {
        return "the request cannot be sent; check that the base URL is right".to_owned();
    };
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost = innermost.to_string().replace(['\n', '\r'], " ");
    if error.is_connect() {
        return format!("no connection ({innermost}); check that this machine can reach it");
    }
    format!("no complete answer ({innermost}); try again")
}
