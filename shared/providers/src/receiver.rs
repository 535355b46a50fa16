use envelope::{Envelope, Provider};
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::json;
use crate::request::{Verified, WebhookRequest};
use crate::secret_member::SecretMember;

/// The value of a secret that was created but never filled in. It never counts as a secret.
pub const PLACEHOLDER: &str = "not-filled-in";

/// What stands for a test message where the provider has none: `certhooks doctor` sends it, and the
/// receiver takes it for a document without an event ([`is_own_probe`]).
pub const OWN_PROBE: &str = r#"{"certhooks":"probe"}"#;

/// Whether a document is [`OWN_PROBE`].
pub fn is_own_probe(document: &RawValue) -> bool {
    json::canonical(document) == OWN_PROBE
}

/// What `intake` needs to receive a provider's webhook. Each webhook function is generic over one
/// receiver, so that the linker drops the others.
pub trait WebhookReceiver: Sized + Send + Sync + 'static {
    const PROVIDER: Provider;
    /// Path of the route.
    const ROUTE: &'static str;
    /// The methods that the endpoint accepts.
    const METHODS: &'static [Method];
    /// The value of `WWW-Authenticate` where verification fails (RFC 9110, 11.6.1).
    const WWW_AUTHENTICATE: &'static str = "Webhook";
    /// Largest request body in bytes, unless the operator sets another limit.
    const BODY_LIMIT: usize;
    /// Whether the provider signs the body, so that [`verify`](Self::verify) needs it. A secret that stands
    /// in a header is verified before the body is read.
    const SIGNS_BODY: bool = false;

    /// The members of the stored webhook secret. A plain string is the value of the first one.
    const SECRET: &'static [SecretMember];

    /// A webhook secret in the form that verification needs.
    type Secret: Send + Sync + 'static;

    /// Parses a stored secret: a JSON object, or a plain string, which is the value of its first
    /// member.
    ///
    /// # Errors
    /// Says what is wrong with the secret, without its value: empty, too short, never filled in.
    fn secret(stored: &SecretString) -> Result<Self::Secret, SecretFault>;

    /// Whether the request was made with `secret`. It sees the whole request, since a provider may sign
    /// any part of it. Takes the same time for every secret. A header that is absent, repeated or empty
    /// never passes.
    fn verify(request: &WebhookRequest, secret: &Self::Secret) -> bool;

    /// Whether a request can pass [`verify`](Self::verify), as far as can be said before its body is read.
    /// Where the body is signed, a receiver says here what it wants of the signature's form.
    fn verify_head(head: &WebhookRequest, secret: &Self::Secret) -> bool {
        Self::SIGNS_BODY || Self::verify(head, secret)
    }

    /// The largest connectivity test in bytes, where a request with these headers may be one that comes
    /// without a secret; else 0.
    fn open_probe_limit(_headers: &HeaderMap) -> usize {
        0
    }

    /// Whether the request is the provider's connectivity test, which may come without a secret.
    fn is_open_probe(_request: &WebhookRequest) -> bool {
        false
    }

    /// Whether the request is a subscription handshake, which [`handshake`](Self::handshake) answers.
    fn is_handshake(_request: &WebhookRequest) -> bool {
        false
    }

    /// Answers a subscription handshake: the body to send back. `None` when it was not made with
    /// `secret`.
    fn handshake(_request: &WebhookRequest, _secret: &Self::Secret) -> Option<String> {
        None
    }

    /// The events in a verified request. Empty for the provider's test message.
    ///
    /// # Errors
    /// Says what is missing in the document, without quoting it.
    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument>;
}

/// An event of a request, as it goes onto the events queue.
#[derive(Clone, Debug)]
pub struct Event {
    pub envelope: Envelope,
    /// Fair-queue group ([`fair_queue_group`](crate::envelope_builder::fair_queue_group)).
    pub group: String,
    /// When it must be gone from every queue: the end of a challenge's token.
    pub expires: Option<OffsetDateTime>,
}

/// When a request came, and in which trace.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub at: OffsetDateTime,
    pub traceparent: Option<String>,
}

impl Receipt {
    pub fn of(request: &WebhookRequest) -> Self {
        Self { at: request.received, traceparent: request.traceparent.clone() }
    }
}
/// Why a verified document holds no event in the provider's shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDocument {
    #[error("the body is empty")]
    Empty,
    #[error("the request has no event name: {0}")]
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
    #[error(
        "the secret begins as JSON, with a quote, its name or `Bearer`, but is not a valid object of text members, each once"
    )]
    Malformed,
    #[error(
        "the secret holds a control character or one that nobody sees, which a header cannot carry"
    )]
    ControlCharacter,
    #[error("the secret was never filled in: it still holds the placeholder from its creation")]
    NotFilledIn,
    #[error("the secret's `{0}` is shorter than {1} characters")]
    TooShort(&'static str, usize),
}
