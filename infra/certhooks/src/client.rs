use std::error::Error;
use std::time::Duration;

use providers::address;
use providers::api::{Answer, Key, Refused, Request};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};
use secrecy::ExposeSecret;

use crate::fault::{Fault, Outcome};

/// A page of an event log has less than 1 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

/// A provider's API, as the operator's commands ask it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Key,
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Trouble<R> {
    Refused(R),
    /// No whole answer: whether it was done cannot be told.
    Unanswered(String),
}

impl<R: Into<Fault>> From<Trouble<R>> for Fault {
    fn from(trouble: Trouble<R>) -> Self {
        match trouble {
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::Unanswered(why) => Self::failed(why),
        }
    }
}

impl<R: Refused> Trouble<R> {
    /// Whether it was not done, for certain.
    pub(crate) fn is_definite(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_definite())
    }
}

impl<R: PartialEq> Trouble<R> {
    pub(crate) fn is(&self, wanted: &R) -> bool {
        matches!(self, Self::Refused(refusal) if refusal == wanted)
    }
}

impl Client {
    pub(crate) fn new(base: Url, key: Key) -> Outcome<Self> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("certhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT);
        let builder = if is_loopback(&base) { builder.no_proxy() } else { builder };
        let http = builder
            .build()
            .map_err(|error| Fault::failed(format!("the HTTP client: {}", cause(&error))))?;
        Ok(Self { http, base, key })
    }

    /// One call, once: `judge` says what its answer means.
    pub(crate) async fn call<T, R: Refused>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, R>,
    ) -> Result<T, Trouble<R>> {
        let unanswered = |why: &str| Trouble::Unanswered(format!("{}: {why}", self.base));
        let built = self
            .build(request)
            .ok_or_else(|| unanswered("the API key holds a character that no header can carry"))?;
        let (status, body) = match built.send().await {
            Ok(response) => (response.status().as_u16(), read(response).await),
            Err(error) => return Err(unanswered(&cause(&error))),
        };
        let body = body.map_err(|why| unanswered(&why))?;
        classify(&Answer { status, retry_after: None, body: &body }).map_err(|refusal| {
            Trouble::Refused(refusal.without_secrets(&request.secrets(&self.key)))
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
        // The pages of CertCentral send the content type with every call, also without a body.
        let body = request.body.as_ref().map(|body| body.expose_secret().to_owned());
        Some(builder.header(CONTENT_TYPE, "application/json").body(body.unwrap_or_default()))
    }
}

/// Whether only this machine can be meant.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(address::is_loopback)
}

/// `https://a.example` and `https://A.example/` are one address.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one == other
        || matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err("the answer is larger than any of this API's".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause on one line: the outer ones repeat the address, which may hold the key.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time: see that this machine reaches it, and try again".to_owned();
    }
    let Some(mut innermost) = error.source() else {
        return "the request cannot be sent: see that the base is right".to_owned();
    };
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost = innermost.to_string().replace(['\n', '\r'], " ");
    if error.is_connect() {
        return format!("no connection ({innermost}): see that this machine reaches it");
    }
    format!("no whole answer ({innermost}): try again")
}
