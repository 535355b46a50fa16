use secrecy::{ExposeSecret, SecretString};

use crate::profile;
use crate::receiver::{SecretFault, WebhookReceiver};
use crate::secret::Stored;

/// A webhook's secret that its provider sends with every event. Both the provider and the receiver
/// accept it.
#[derive(Clone, Debug)]
pub struct SentSecret(SecretString);

/// Why a secret cannot be used. No message quotes the secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SentSecretFault {
    #[error(transparent)]
    Stored(#[from] SecretFault),
    #[error(
        "the secret holds a character that no header can carry; use letters, digits and ASCII signs"
    )]
    NoHeader,
}

impl SentSecret {
    /// From a stored secret: an object with the first member, or a plain string.
    ///
    /// # Errors
    /// The receiver does not accept the secret (it is empty, too short or was never filled in), or it
    /// has a character that no header can carry.
    pub fn of<R: WebhookReceiver>(stored: &SecretString) -> Result<Self, SentSecretFault> {
        R::secret(stored)?;
        let member = profile::of(R::PROVIDER).webhook_secret[0].stored_as;
        let read = Stored::read(stored);
        let secret = read.first(member)?;
        let is_sendable = secret.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if is_sendable { Ok(Self(secret.into())) } else { Err(SentSecretFault::NoHeader) }
    }

    /// A secret as the provider has it, without validation.
    pub(crate) fn from_response(text: &str) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether two secrets are equal. The comparison is not in constant time: both are the operator's.
    pub fn matches(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}
