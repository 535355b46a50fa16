use embedded::{Rotation, Stages};
use envelope::Provider;
use secrecy::SecretString;

use super::access::Session;
use super::words::Here;
use crate::fault::{Fault, Outcome};

/// Where the stages of the webhook's key are kept.
pub(crate) enum Store {
    Local(Rotation),
}

impl Store {
    pub(crate) async fn open(session: &Session, here: &Here) -> Outcome<Self> {
        if here.stack.is_some() {
            return Err(Fault::usage(
                "--stack: this certhooks was built without AWS; build it with `--features aws`",
            ));
        }
        Ok(Self::Local(session.secrets.rotation(Provider::Digicert)?))
    }

    pub(crate) async fn stages(&self) -> Outcome<Stages> {
        match self {
            Self::Local(rotation) => Ok(rotation.stages()?),
        }
    }

    /// A new key.
    pub(crate) fn random(&self) -> Outcome<SecretString> {
        match self {
            Self::Local(rotation) => Ok(rotation.random()?),
        }
    }

    pub(crate) async fn begin(&self, next: &SecretString) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.begin(next)?),
        }
    }

    pub(crate) async fn promote(&self, keep_previous: bool) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.promote(keep_previous)?),
        }
    }

    pub(crate) async fn abandon(&self) -> Outcome<()> {
        match self {
            Self::Local(rotation) => Ok(rotation.abandon()?),
        }
    }
}
