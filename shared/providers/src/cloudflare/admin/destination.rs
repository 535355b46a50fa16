use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cloudflare::{CloudflareReceiver, WEBHOOK_AUTH, is_id};
use crate::receiver::{SecretFault, WebhookReceiver};
use crate::secret::Stored;

/// A webhook that notifications can go to. Cloudflare never shows its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    pub id: String,
    pub name: String,
    pub url: String,
    pub created: Option<OffsetDateTime>,
    /// When it last answered with 2xx. `None` when it never did.
    pub last_success: Option<OffsetDateTime>,
    /// When it last failed to answer with 2xx. `None` when it never failed.
    pub last_failure: Option<OffsetDateTime>,
}

/// What creating or updating a destination sets.
#[derive(Clone, Debug)]
pub struct NewDestination<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub auth: &'a Auth,
}

/// A destination's secret that both Cloudflare and the receiver accept.
#[derive(Clone, Debug)]
pub struct Auth(SecretString);

/// Why a secret cannot be used. No message quotes the secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuthFault {
    #[error(transparent)]
    Stored(SecretFault),
    #[error(
        "the secret holds a character that no header can carry; use letters, digits and ASCII signs"
    )]
    NoHeader,
}

impl Auth {
    /// From a stored secret: `{"webhook_auth"}` or a plain string.
    ///
    /// # Errors
    /// The secret is empty, never filled in, or has a character that no header can carry.
    pub fn of(stored: &SecretString) -> Result<Self, AuthFault> {
        let read = Stored::read(stored);
        let auth = read.first(WEBHOOK_AUTH.stored_as).map_err(AuthFault::Stored)?;
        CloudflareReceiver::secret(stored).map_err(AuthFault::Stored)?;
        let is_sendable = auth.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if is_sendable { Ok(Self(auth.into())) } else { Err(AuthFault::NoHeader) }
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl NewDestination<'_> {
    pub(super) fn body(&self) -> Value {
        json!({ "name": self.name, "url": self.url, "secret": self.auth.expose() })
    }
}

impl Destination {
    /// `None` without an id.
    pub(super) fn read(destination: &Value) -> Option<Self> {
        let text =
            |name: &str| destination[name].as_str().map(str::trim).unwrap_or_default().to_owned();
        let time = |name: &str| OffsetDateTime::parse(destination[name].as_str()?, &Rfc3339).ok();
        Some(Self {
            id: Some(text("id")).filter(|id| is_id(id))?,
            name: text("name"),
            url: text("url"),
            created: time("created_at"),
            last_success: time("last_success"),
            last_failure: time("last_failure"),
        })
    }

    /// Whether its last notification failed.
    pub fn is_failing(&self) -> bool {
        self.last_failure.is_some_and(|failure| self.last_success.is_none_or(|good| failure > good))
    }
}
