use std::time::Duration;

use boot::Environment;
use embedded::{Reader, WaitingChallenge};
use envelope::Provider;
use providers::digicert::webhook::{Endpoint, Key};
use tokio::time::Instant;

use super::access::Session;
use crate::error::{CommandError, CommandResult};
use crate::installation::InstallationArgs;
use crate::installation_secret::no_value;
use crate::stack::Stack;

/// Interval between two reads of the waiting tokens.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The installation that receives the events of a webhook: it holds the webhook key and the tokens.
pub(crate) enum Installation<'a> {
    Local { session: &'a Session, reader: Reader },
    Stack(Box<Stack>),
}

impl<'a> Installation<'a> {
    pub(crate) async fn open(
        session: &'a Session,
        installation: &InstallationArgs,
    ) -> CommandResult<Self> {
        match &installation.stack {
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack)))
            }
            None => Ok(Self::Local { session, reader: Reader::open(&session.state)? }),
        }
    }

    /// The address of the webhook endpoint, which only a stack knows.
    pub(crate) fn endpoint(&self) -> CommandResult<Endpoint> {
        match self {
            Self::Local { .. } => {
                Err(CommandError::usage("--endpoint is required without --stack"))
            }
            Self::Stack(stack) => {
                let url = stack.url(Provider::DIGICERT)?;
                Endpoint::parse(url).map_err(|error| {
                    CommandError::failed(format!("stack {}: {url}: {error}", stack.name()))
                })
            }
        }
    }

    /// The webhook key that the webhook endpoint accepts.
    pub(crate) async fn key(&self) -> CommandResult<Key> {
        match self {
            Self::Local { session, .. } => session.webhook_key().await,
            Self::Stack(stack) => {
                let current = stack.versions(Provider::DIGICERT).await?.current;
                Key::of(&current.ok_or_else(|| no_value(stack))?).map_err(|error| {
                    CommandError::failed(format!(
                        "the webhook secret of stack {}: {error}",
                        stack.name()
                    ))
                })
            }
        }
    }

    /// Every token that can still be used.
    pub(crate) async fn tokens(&self) -> CommandResult<Vec<WaitingChallenge>> {
        match self {
            Self::Local { reader, .. } => Ok(reader.challenges().await?),
            Self::Stack(stack) => Ok(stack.tokens().await?),
        }
    }

    /// The newest waiting token of a webhook.
    pub(crate) async fn waiting(&self, webhook: u64) -> CommandResult<Option<WaitingChallenge>> {
        let webhook = webhook.to_string();
        let tokens = self.tokens().await?.into_iter();
        Ok(tokens.filter(|token| token.webhook_id == webhook).max_by_key(|token| token.expires))
    }

    /// Waits for a token of a webhook other than `before`; `None` when none arrives in time.
    pub(crate) async fn arriving(
        &self,
        webhook: u64,
        before: Option<&WaitingChallenge>,
        until: Instant,
    ) -> CommandResult<Option<WaitingChallenge>> {
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
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The name of the installation, for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Local { session, .. } => {
                format!("`certhooks local --state {}`", session.state.display())
            }
            Self::Stack(stack) => format!("stack {}", stack.name()),
        }
    }
}
