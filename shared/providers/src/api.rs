use std::time::{Duration, UNIX_EPOCH};

use envelope::Reason;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;

/// A call-back: a `GET` below the provider's configured base. Its segments are percent-encoded one
/// by one when the address is built, so that nothing in an event can choose a host or a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// Segments of the path.
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    /// Value of the header `Accept`.
    pub accept: &'static str,
}

/// A call that an operator makes, below the provider's configured base. Its segments are encoded as
/// those of a [`Call`].
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    /// JSON. Secret, since it may hold a webhook's secret or a token.
    pub body: Option<SecretString>,
    /// Longest time until the whole answer is there.
    pub timeout: Duration,
}

/// An API key, and where in a request it goes.
#[derive(Clone, Debug)]
pub enum Key {
    Header { name: &'static str, value: SecretString },
    Query { name: &'static str, value: SecretString },
}

impl Key {
    /// Whether the key can be sent. No real key holds a control character; one that does was spoilt where
    /// it is stored, for example by a line break.
    pub fn is_sendable(&self) -> bool {
        let (Self::Header { value, .. } | Self::Query { value, .. }) = self;
        value.expose_secret().bytes().all(|byte| (b' '..=b'~').contains(&byte))
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.secret() == other.secret()
    }

    /// The key or token alone: `TOKEN` of `Bearer TOKEN`.
    fn secret(&self) -> &str {
        let (Self::Header { value, .. } | Self::Query { value, .. }) = self;
        let value = value.expose_secret();
        value.rsplit_once(' ').map_or(value, |(_scheme, token)| token)
    }
}

/// A provider's whole answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    /// Time from now that the header `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    pub body: &'a [u8],
}

/// What an answer means (`infra/docs/architecture.md`, "Call-backs and their results").
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Classification<T> {
    /// The answer that was asked for.
    Good(T),
    /// A transient failure. The call is to be repeated, not before `after` where it is given.
    Retry { reason: Reason, after: Option<Duration> },
    /// The provider does not have it yet. `reason` is the result if that is still so when the time
    /// for retries is over.
    NotReady { reason: Reason },
    /// A whole answer that holds no certificate.
    BadCertificate,
    /// The provider refuses the API key. The worker holds this provider's events and raises an
    /// alarm.
    KeyRefused { reason: Reason },
    /// The provider says that it no longer exists.
    Gone { reason: Reason },
    /// A failure that no retry changes.
    Failed { reason: Reason },
}

/// Text of a provider's, made safe for one line of a terminal: at most `width` characters, and no
/// control characters.
pub fn one_line(text: &str, width: usize) -> String {
    text.chars().filter(|character| !character.is_control()).take(width).collect()
}

/// A provider's message as the end of an error message.
pub fn suffix(message: &Option<String>) -> String {
    message.as_ref().map_or_else(String::new, |message| format!(": {message}"))
}

/// `None` for a text that quotes one of `secrets`.
pub fn without_quotes_of(text: Option<String>, secrets: &[String]) -> Option<String> {
    let quotes = |text: &String| {
        secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.as_str()))
    };
    text.filter(|text| !quotes(text))
}

impl Request {
    /// For a call that the provider answers by itself.
    pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
    /// For a call that the provider answers only after it asked an endpoint, which has 10 s.
    pub(crate) const TIMEOUT_WITH_ENDPOINT: Duration = Duration::from_secs(25);

    pub fn new<'a>(method: Method, segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            method,
            segments: segments.into_iter().map(str::to_owned).collect(),
            query: Vec::new(),
            body: None,
            timeout: Self::TIMEOUT,
        }
    }

    /// The secrets that no message about a call with this `key` may quote: the key, and the secrets
    /// in the body.
    pub fn secrets(&self, key: &Key) -> Vec<String> {
        let body = self.body.as_ref().map(|body| body.expose_secret());
        let body: Value = body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let members = ["secret", "token", "verify_token"].into_iter();
        let sent = members.filter_map(|name| body[name].as_str().map(str::to_owned));
        sent.chain([key.secret().to_owned()]).collect()
    }

    pub fn with(self, body: &Value) -> Self {
        Self { body: Some(body.to_string().into()), ..self }
    }

    pub fn with_endpoint(self) -> Self {
        Self { timeout: Self::TIMEOUT_WITH_ENDPOINT, ..self }
    }
}

impl<T> Classification<T> {
    /// Classifies a good answer further.
    pub fn and_then<U>(self, classify: impl FnOnce(T) -> Classification<U>) -> Classification<U> {
        match self {
            Self::Good(value) => classify(value),
            Self::Retry { reason, after } => Classification::Retry { reason, after },
            Self::NotReady { reason } => Classification::NotReady { reason },
            Self::BadCertificate => Classification::BadCertificate,
            Self::KeyRefused { reason } => Classification::KeyRefused { reason },
            Self::Gone { reason } => Classification::Gone { reason },
            Self::Failed { reason } => Classification::Failed { reason },
        }
    }

    pub fn key_refused() -> Self {
        Self::KeyRefused { reason: Reason::Unauthorized }
    }
}

impl Answer<'_> {
    pub fn retry<T>(&self, reason: Reason) -> Classification<T> {
        Classification::Retry { reason, after: self.retry_after }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A failure that is transient by its status alone (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4).
    pub fn transient_failure<T>(&self) -> Option<Classification<T>> {
        match self.status {
            408 | 504 => Some(self.retry(Reason::Timeout)),
            429 => Some(self.retry(Reason::RateLimited)),
            500..=599 => Some(self.retry(Reason::Unavailable)),
            _ => None,
        }
    }

    /// Whether the body looks like HTML, which most likely is a page of a proxy or portal.
    pub fn is_html(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The body, if it is a JSON object.
    pub fn object(&self) -> Option<Box<RawValue>> {
        json::object(self.body).ok()
    }
}

/// Longest wait that a provider can ask for. The limit keeps sums with it from overflowing.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Parses `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, from which `now` (seconds since
/// 1970) is subtracted. At most a day. `None` for anything else.
pub fn retry_after(value: &str, now: u64) -> Option<Duration> {
    let value = value.trim();
    let is_seconds = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_seconds {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        date.duration_since(UNIX_EPOCH).ok()?.as_secs().saturating_sub(now)
    };
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}
