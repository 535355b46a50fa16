use std::time::{Duration, UNIX_EPOCH};

use envelope::Reason;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;

/// A `GET` below the provider's configured base. Segments are percent-encoded one by one when the
/// address is built, so that nothing in an event chooses a host or a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub accept: &'static str,
}

/// A call that an operator makes, below the provider's configured base. Segments as above.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    /// JSON; secret, since it may hold a webhook's secret or a token.
    pub body: Option<SecretString>,
    /// How long its answer may take.
    pub patience: Duration,
}

/// Where the API key goes.
#[derive(Clone, Debug)]
pub enum Key {
    Header { name: &'static str, value: SecretString },
    Query { name: &'static str, value: SecretString },
}

impl Key {
    /// The key or token by itself: `TOKEN` of `Bearer TOKEN`.
    fn secret(&self) -> &str {
        let (Self::Header { value, .. } | Self::Query { value, .. }) = self;
        let value = value.expose_secret();
        value.rsplit_once(' ').map_or(value, |(_scheme, token)| token)
    }
}

/// A whole answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    /// From `Retry-After`, seconds or date, counted from now.
    pub retry_after: Option<Duration>,
    pub body: &'a [u8],
}

/// What an answer means (design section 6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Classification<T> {
    Good(T),
    /// Passing trouble: ask again, not before `after` where it is given.
    Retry {
        reason: Reason,
        after: Option<Duration>,
    },
    /// Not there yet; `reason` if it is still so when the waiting time is over.
    NotReady {
        reason: Reason,
    },
    /// A whole answer that is no certificate.
    BadCertificate,
    /// The API key is refused: hold this provider's events, raise an alarm.
    KeyRefused {
        reason: Reason,
    },
    /// The provider says that it no longer exists.
    Gone {
        reason: Reason,
    },
    /// It will not change.
    Failed {
        reason: Reason,
    },
}

/// Why an operator's call was not done.
pub trait Refused {
    /// Whether the provider itself said no. Anything else may come from something on the way, with the
    /// request under way or done.
    fn is_definite(&self) -> bool;

    /// The same without what quotes one of `secrets`: a provider's message may repeat what was sent.
    #[must_use]
    fn hiding(self, secrets: &[String]) -> Self;
}

/// Text from outside, fit for one line of a terminal: `width` characters at most.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    text.chars().filter(|character| !character.is_control()).take(width).collect()
}

/// A provider's message, as the end of our own.
pub(crate) fn told(message: &Option<String>) -> String {
    message.as_ref().map_or_else(String::new, |message| format!(": {message}"))
}

pub(crate) fn unquoting(text: Option<String>, secrets: &[String]) -> Option<String> {
    let quotes = |text: &String| {
        secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.as_str()))
    };
    text.filter(|text| !quotes(text))
}

impl Request {
    /// For a call that the provider answers from what it knows.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
    /// For one that it answers only after it asked an endpoint, which has 10 s (CertCentral webhooks,
    /// "Troubleshoot your webhook endpoint").
    pub(crate) const PATIENCE_WITH_ENDPOINT: Duration = Duration::from_secs(25);

    pub(crate) fn new<'a>(method: Method, segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            method,
            segments: segments.into_iter().map(str::to_owned).collect(),
            query: Vec::new(),
            body: None,
            patience: Self::PATIENCE,
        }
    }

    /// What no text may quote of a call with this `key`: the key, and the secrets in its body.
    pub fn secrets(&self, key: &Key) -> Vec<String> {
        let body = self.body.as_ref().map(|body| body.expose_secret());
        let body: Value = body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let members = ["secret", "token", "verify_token"].into_iter();
        let sent = members.filter_map(|name| body[name].as_str().map(str::to_owned));
        sent.chain([key.secret().to_owned()]).collect()
    }

    pub(crate) fn with(self, body: &Value) -> Self {
        Self { body: Some(body.to_string().into()), ..self }
    }

    pub(crate) fn with_endpoint(self) -> Self {
        Self { patience: Self::PATIENCE_WITH_ENDPOINT, ..self }
    }
}

impl<T> Classification<T> {
    /// Looks further into a good answer.
    pub fn and_then<U>(self, look: impl FnOnce(T) -> Classification<U>) -> Classification<U> {
        match self {
            Self::Good(value) => look(value),
            Self::Retry { reason, after } => Classification::Retry { reason, after },
            Self::NotReady { reason } => Classification::NotReady { reason },
            Self::BadCertificate => Classification::BadCertificate,
            Self::KeyRefused { reason } => Classification::KeyRefused { reason },
            Self::Gone { reason } => Classification::Gone { reason },
            Self::Failed { reason } => Classification::Failed { reason },
        }
    }

    pub(crate) fn key_refused() -> Self {
        Self::KeyRefused { reason: Reason::Unauthorized }
    }
}

impl Answer<'_> {
    pub(crate) fn retry<T>(&self, reason: Reason) -> Classification<T> {
        Classification::Retry { reason, after: self.retry_after }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What a status alone says to be passing trouble (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4).
    pub(crate) fn passing_trouble<T>(&self) -> Option<Classification<T>> {
        match self.status {
            408 | 504 => Some(self.retry(Reason::Timeout)),
            429 => Some(self.retry(Reason::RateLimited)),
            500..=599 => Some(self.retry(Reason::Unavailable)),
            _ => None,
        }
    }

    /// A page of a proxy or portal, most likely.
    pub(crate) fn is_html(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The body, when it is a JSON object.
    pub(crate) fn object(&self) -> Option<Box<RawValue>> {
        json::object(self.body).ok()
    }
}

/// A longer wait than this is held to it, so that no sum with it can overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date relative to `now` (seconds since 1970); a day
/// at most.
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
