use std::time::Duration;

use boot::Environment;
use embedded::{Reader, WaitingChallenge};
use envelope::Provider;
use providers::digicert::webhook::{Endpoint, Key};
use tokio::time::Instant;

use super::access::Session;
use crate::fault::{Fault, Outcome};
use crate::stack::{Here, Stack};

/// Between two looks for a token.
const PAUSE: Duration = Duration::from_millis(250);

/// Our side of a webhook: where the door keeps its key and the worker the tokens.
pub(crate) enum Home<'a> {
    Local { session: &'a Session, reader: Reader },
    Stack(Box<Stack>),
}

impl<'a> Home<'a> {
    pub(crate) async fn open(session: &'a Session, here: &Here) -> Outcome<Self> {
        match &here.stack {
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack)))
            }
            None => Ok(Self::Local { session, reader: Reader::open(&session.state)? }),
        }
    }

    /// Where the door is, if this tells.
    pub(crate) fn endpoint(&self) -> Outcome<Endpoint> {
        match self {
            Self::Local { .. } => {
                Err(Fault::usage("--endpoint: is needed, since a state folder does not tell it"))
            }
            Self::Stack(stack) => {
                let url = stack.url(Provider::Digicert)?;
                Endpoint::parse(url).map_err(|fault| {
                    Fault::failed(format!("stack {}: {url}: {fault}", stack.name()))
                })
            }
        }
    }

    /// The key that the door takes.
    pub(crate) async fn key(&self) -> Outcome<Key> {
        match self {
            Self::Local { session, .. } => session.webhook_key().await,
            Self::Stack(stack) => {
                let current = stack.versions(Provider::Digicert).await?.current;
                let none = || Fault::failed("the webhook secret has no value");
                Key::of(&current.ok_or_else(none)?).map_err(|fault| {
                    Fault::failed(format!("webhook secret of stack {}: {fault}", stack.name()))
                })
            }
        }
    }

    /// Every token that still can be used.
    pub(crate) async fn tokens(&self) -> Outcome<Vec<WaitingChallenge>> {
        match self {
            Self::Local { reader, .. } => Ok(reader.challenges().await?),
            Self::Stack(stack) => Ok(stack.tokens().await?),
        }
    }

    /// The newest token of a webhook.
    pub(crate) async fn waiting(&self, webhook: u64) -> Outcome<Option<WaitingChallenge>> {
        let webhook = webhook.to_string();
        let tokens = self.tokens().await?.into_iter();
        Ok(tokens.filter(|token| token.webhook_id == webhook).max_by_key(|token| token.expires))
    }

    /// The token of a webhook that was not there `before`; nothing when none arrives in time.
    pub(crate) async fn arriving(
        &self,
        webhook: u64,
        before: Option<&WaitingChallenge>,
        until: Instant,
    ) -> Outcome<Option<WaitingChallenge>> {
        loop {
            let waiting = self.waiting(webhook).await?;
            let is_new = |token: &WaitingChallenge| {
                before.is_none_or(|before| before.expires != token.expires)
            };
            if let Some(token) = waiting.filter(is_new) {
                return Ok(Some(token));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// For people: whose door it is.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Local { session, .. } => {
                format!("`certhooks local --state {}`", session.state.display())
            }
            Self::Stack(stack) => format!("stack {}", stack.name()),
        }
    }
}
