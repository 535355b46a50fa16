use boot::Environment;
use embedded::{LocalSecrets, Rotation, Stages};
use envelope::Provider;
use secrecy::SecretString;

use crate::fault::{Fault, Outcome};
use crate::stack::{Here, Stack};

/// Where the stages of a webhook secret are kept.
pub(crate) enum Store {
    Local(Rotation),
    Stack(Box<Stack>, Provider),
}

impl Store {
    pub(crate) async fn open(
        secrets: &LocalSecrets,
        here: &Here,
        provider: Provider,
    ) -> Outcome<Self> {
        match &here.stack {
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack), provider))
            }
            None => Ok(Self::Local(secrets.rotation(provider)?)),
        }
    }

    /// As stored: plain, or a JSON object each.
    pub(crate) async fn stages(&self) -> Outcome<Stages> {
        match self {
            Self::Local(rotation) => Ok(rotation.stages()?),
            Self::Stack(stack, provider) => {
                let versions = stack.versions(*provider).await?;
                let none = || Fault::failed("the webhook secret has no value");
                Ok(Stages {
                    current: versions.current.ok_or_else(none)?,
                    pending: versions.pending,
                    previous: versions.previous,
                })
            }
        }
    }

    /// A new secret.
    pub(crate) fn random(&self) -> Outcome<SecretString> {
        match self {
            Self::Local(rotation) => Ok(rotation.random()?),
            Self::Stack(stack, _) => Ok(stack.random()?),
        }
    }

    pub(crate) async fn begin(&self, next: &SecretString) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.begin(next)?),
            Self::Stack(stack, provider) => Ok(stack.begin(*provider, next).await?),
        }
    }

    pub(crate) async fn promote(&self, keep_previous: bool) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.promote(keep_previous)?),
            Self::Stack(stack, provider) => Ok(stack.promote(*provider, keep_previous).await?),
        }
    }

    pub(crate) async fn abandon(&self) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.abandon()?),
            Self::Stack(stack, provider) => Ok(stack.abandon(*provider).await?),
        }
    }
}
