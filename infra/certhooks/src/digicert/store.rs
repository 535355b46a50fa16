use embedded::{Rotation, Stages};
use envelope::Provider;
use secrecy::SecretString;

use super::access::Session;
#[cfg(feature = "aws")]
use super::stack::Stack;
use super::words::Here;
use crate::fault::Outcome;

/// Where the stages of the webhook's key are kept.
pub(crate) enum Store {
    Local(Rotation),
    #[cfg(feature = "aws")]
    Stack(Box<Stack>),
}

impl Store {
    pub(crate) async fn open(session: &Session, here: &Here) -> Outcome<Self> {
        if let Some(name) = &here.stack {
            #[cfg(feature = "aws")]
            return Ok(Self::Stack(Box::new(Stack::open(&session.environment, name).await?)));
            #[cfg(not(feature = "aws"))]
            return Err(super::home::without_aws(name));
        }
        Ok(Self::Local(session.secrets.rotation(Provider::Digicert)?))
    }

    pub(crate) async fn stages(&self) -> Outcome<Stages> {
        match self {
            Self::Local(rotation) => Ok(rotation.stages()?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.stages().await,
        }
    }

    /// A new key.
    pub(crate) fn random(&self) -> Outcome<SecretString> {
        match self {
            Self::Local(rotation) => Ok(rotation.random()?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.random(),
        }
    }

    pub(crate) async fn begin(&self, next: &SecretString) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.begin(next)?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.begin(next).await,
        }
    }

    pub(crate) async fn promote(&self, keep_previous: bool) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.promote(keep_previous)?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.promote(keep_previous).await,
        }
    }

    pub(crate) async fn abandon(&self) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.abandon()?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.abandon().await,
        }
    }
}
