use envelope::{Envelope, Provider};
use http::HeaderMap;
use secrecy::SecretString;
use time::OffsetDateTime;

/// What a secret holds that was created but never filled in; it never counts as a secret.
pub const PLACEHOLDER: &str = "not-filled-in";

/// What `intake` asks of a provider. Each webhook function is generic over one `WebhookReceiver`, so that the
/// linker drops the others.
pub trait WebhookReceiver: Send + Sync + 'static {
    const PROVIDER: Provider;
    /// Path of the route.
    const ROUTE: &'static str;
    /// The methods that it takes, as in an `Allow` header.
    const ALLOW: &'static str;
    /// Bytes of a request body, unless the operator sets another limit.
    const BODY_LIMIT: usize;

    /// A usable webhook secret.
    type Secret: Send + Sync + 'static;

    /// Makes a stored secret (a JSON object, or a plain string for its first key) usable.
    ///
    /// # Errors
    /// What is wrong with it, without the value: empty, too short, never filled in.
    fn secret(stored: &SecretString) -> Result<Self::Secret, SecretFault>;

    /// Whether `secret` vouches for these raw bytes. Constant-time in the secret. A header that is
    /// absent, repeated or empty never passes.
    fn verify(headers: &HeaderMap, body: &[u8], secret: &Self::Secret) -> bool;

    /// Whether this is the provider's own connectivity probe, which may come without a secret.
    fn is_open_probe(_headers: &HeaderMap, _body: &[u8]) -> bool {
        false
    }

    /// Answers a subscription handshake (`GET`): the body to send back, or nothing when it is not one
    /// that `secret` vouches for. `query` is the raw query string.
    fn handshake(_query: &str, _secret: &Self::Secret) -> Option<String> {
        None
    }

    /// The events in a verified document; none for the provider's test message.
    ///
    /// # Errors
    /// What is missing in the document, without quoting it.
    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, Refusal>;
}

/// An event of a document, as it goes onto the queue.
#[derive(Clone, Debug)]
pub struct Event {
    pub envelope: Envelope,
    /// Fair-queue group ([`fair_queue::group`](crate::fair_queue::group)).
    pub group: String,
}

/// When and under which trace a request came.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub at: OffsetDateTime,
    pub traceparent: Option<String>,
}

/// A verified document that holds no event in the provider's shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
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
    #[error("the body's updates, each with what surrounds it, are too large together")]
    TooLarge,
}

/// A stored secret that cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretFault {
    #[error("the secret is empty")]
    Empty,
    #[error("the secret has no string `{0}`")]
    Missing(&'static str),
    #[error("the secret still holds the placeholder of its creation; fill it in")]
    NotFilledIn,
    #[error("the secret's `{0}` is shorter than {1} characters")]
    TooShort(&'static str, usize),
}
