use envelope::{Envelope, Provider};
use http::HeaderMap;
use secrecy::SecretString;
use time::OffsetDateTime;

/// The value of a secret that was created but never filled in. It never counts as a secret.
pub const PLACEHOLDER: &str = "not-filled-in";

/// What `intake` needs to receive a provider's webhook. Each webhook function is generic over one
/// receiver, so that the linker drops the others.
pub trait WebhookReceiver: Send + Sync + 'static {
    const PROVIDER: Provider;
    /// Path of the route.
    const ROUTE: &'static str;
    /// The methods that the endpoint accepts, as in an `Allow` header.
    const ALLOW: &'static str;
    /// Largest request body in bytes, unless the operator sets another limit.
    const BODY_LIMIT: usize;

    /// A webhook secret in the form that verification needs.
    type Secret: Send + Sync + 'static;

    /// Parses a stored secret: a JSON object, or a plain string, which is the value of its first member.
    ///
    /// # Errors
    /// Says what is wrong with the secret, without its value: empty, too short, never filled in.
    fn secret(stored: &SecretString) -> Result<Self::Secret, SecretFault>;

    /// Whether the request was made with `secret`. `body` is the raw body. Takes the same time for every
    /// secret. A header that is absent, repeated or empty never passes.
    fn verify(headers: &HeaderMap, body: &[u8], secret: &Self::Secret) -> bool;

    /// Whether the request is the provider's connectivity test, which may come without a secret.
    fn is_open_probe(_headers: &HeaderMap, _body: &[u8]) -> bool {
        false
    }

    /// Answers a subscription handshake (`GET`): the body to send back. `None` when the request is no
    /// handshake, or was not made with `secret`. `query` is the raw query string.
    fn handshake(_query: &str, _secret: &Self::Secret) -> Option<String> {
        None
    }

    /// The events in a verified document. Empty for the provider's test message.
    ///
    /// # Errors
    /// Says what is missing in the document, without quoting it.
    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, InvalidDocument>;
}

/// An event of a document, as it goes onto the events queue.
#[derive(Clone, Debug)]
pub struct Event {
    pub envelope: Envelope,
    /// Fair-queue group ([`fair_queue::group`](crate::fair_queue::group)).
    pub group: String,
}

/// When a request came, and in which trace.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub at: OffsetDateTime,
    pub traceparent: Option<String>,
}

/// Why a verified document holds no event in the provider's shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDocument {
    #[error("the body is empty")]
    Empty,
    #[error("the body has no event name: {0}")]
    NoEventName(&'static str),
    #[error("the body has no `entry` list")]
    NoEntry,
    #[error("the body is not JSON, or nested too deep")]
    NotJson,
    #[error("the body is JSON, but not an object")]
    NotAnObject,
    #[error("the body's `object` is not `{0}`")]
    OtherObject(&'static str),
    #[error("the body's updates, each with the document around it, are too large together")]
    TooLarge,
}

/// Why a stored secret cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretFault {
    #[error("the secret is empty")]
    Empty,
    #[error("the secret has no string `{0}`")]
    Missing(&'static str),
    #[error("the secret still holds the placeholder from its creation; fill it in")]
    NotFilledIn,
    #[error("the secret's `{0}` is shorter than {1} characters")]
    TooShort(&'static str, usize),
}
