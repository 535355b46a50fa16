use boot::Environment;
use embedded::WaitingChallenge;
use envelope::Provider;
use ports::{History, PortResult, SecretVersions};
use secrecy::SecretString;

use crate::fault::{Fault, Outcome};
use crate::stack::Depths;

/// None can be opened.
pub(crate) enum Stack {}

impl Stack {
    #[expect(clippy::unused_async, reason = "as the one that is deployed")]
    pub(crate) async fn open(_: &Environment, name: &str) -> Outcome<Self> {
        Err(Fault::usage(format!(
            "--stack {name}: this certhooks was built without AWS; build it with `--features aws`"
        )))
    }

    pub(crate) fn name(&self) -> &str {
        match *self {}
    }

    pub(crate) fn url(&self, _: Provider) -> PortResult<&str> {
        match *self {}
    }

    pub(crate) async fn versions(&self, _: Provider) -> PortResult<SecretVersions> {
        match *self {}
    }

    pub(crate) fn random(&self) -> PortResult<SecretString> {
        match *self {}
    }

    pub(crate) async fn begin(&self, _: Provider, _: &SecretString) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn promote(&self, _: Provider, _: bool) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn abandon(&self, _: Provider) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn tokens(&self) -> PortResult<Vec<WaitingChallenge>> {
        match *self {}
    }

    pub(crate) async fn histories(&self, _: Vec<String>) -> PortResult<Vec<History>> {
        match *self {}
    }

    pub(crate) async fn depths(&self) -> PortResult<Depths> {
        match *self {}
    }
}
