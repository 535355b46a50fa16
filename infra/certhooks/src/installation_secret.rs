use boot::Environment;
use embedded::{LocalSecrets, Rotation, Stages};
use envelope::Provider;
use secrecy::SecretString;

use crate::error::{CommandError, CommandResult};
use crate::installation::InstallationArgs;
use crate::stack::Stack;

/// The webhook secret of an installation in its stages: pending, current and previous.
pub(crate) enum InstallationSecret {
    Local(Rotation),
    Stack(Box<Stack>, Provider),
}

impl InstallationSecret {
    pub(crate) async fn open(
        secrets: &LocalSecrets,
        installation: &InstallationArgs,
        provider: Provider,
    ) -> CommandResult<Self> {
        match &installation.stack {
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack), provider))
            }
            None => Ok(Self::Local(secrets.rotation(provider)?)),
        }
    }

    /// The stages as stored: each a plain string or a JSON object.
    pub(crate) async fn stages(&self) -> CommandResult<Stages> {
        match self {
            Self::Local(rotation) => Ok(rotation.stages()?),
            Self::Stack(stack, provider) => {
                let versions = stack.versions(*provider).await?;
                let none = || no_value(stack);
                Ok(Stages {
                    current: versions.current.ok_or_else(none)?,
                    pending: versions.pending,
                    previous: versions.previous,
                })
            }
        }
    }

    /// A new random secret.
    pub(crate) fn random(&self) -> CommandResult<SecretString> {
        match self {
            Self::Local(rotation) => Ok(rotation.random()?),
            Self::Stack(stack, _) => Ok(stack.random()?),
        }
    }

    /// Stores the next secret as pending, so that the webhook endpoint accepts both.
    pub(crate) async fn begin(&self, next: &SecretString) -> CommandResult<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.begin(next)?),
            Self::Stack(stack, provider) => Ok(stack.begin(*provider, next).await?),
        }
    }

    /// Makes the pending secret the current one. The old one stays valid as previous, if asked for.
    pub(crate) async fn promote(&self, keep_previous: bool) -> CommandResult<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.promote(keep_previous)?),
            Self::Stack(stack, provider) => Ok(stack.promote(*provider, keep_previous).await?),
        }
    }

    /// Forgets the pending secret.
    pub(crate) async fn abandon(&self) -> CommandResult<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.abandon()?),
            Self::Stack(stack, provider) => Ok(stack.abandon(*provider).await?),
        }
    }
}

/// The error for a webhook secret of a stack that was never stored.
pub(crate) fn no_value(stack: &Stack) -> CommandError {
    CommandError::failed(format!(
        "the webhook secret of stack {} has no value; store one with `aws secretsmanager \
         put-secret-value`",
        stack.name()
    ))
}
