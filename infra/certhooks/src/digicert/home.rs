use std::time::Duration;

use embedded::{Reader, WaitingChallenge};
use providers::digicert::webhook::{Endpoint, Key};
use tokio::time::Instant;

use super::access::Session;
#[cfg(feature = "aws")]
use super::stack::Stack;
use super::words::Here;
use crate::fault::{Fault, Outcome};

/// Between two looks for a token.
const PAUSE: Duration = Duration::from_millis(250);

/// Our side of a webhook: where the door keeps its key and the worker the tokens.
pub(crate) enum Home<'a> {
    Local {
        session: &'a Session,
        reader: Reader,
    },
    #[cfg(feature = "aws")]
    Stack(Box<Stack>),
}

impl<'a> Home<'a> {
    pub(crate) async fn open(session: &'a Session, here: &Here) -> Outcome<Self> {
        if let Some(name) = &here.stack {
            #[cfg(feature = "aws")]
            return Ok(Self::Stack(Box::new(Stack::open(&session.environment, name).await?)));
            #[cfg(not(feature = "aws"))]
            return Err(without_aws(name));
        }
        Ok(Self::Local { session, reader: Reader::open(&session.state)? })
    }

    /// Where the door is, if this tells.
    pub(crate) fn endpoint(&self) -> Outcome<Endpoint> {
        match self {
            Self::Local { .. } => {
                Err(Fault::usage("--endpoint: is needed, since a state folder does not tell it"))
            }
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.endpoint(),
        }
    }

    /// The key that the door takes.
    pub(crate) async fn key(&self) -> Outcome<Key> {
        match self {
            Self::Local { session, .. } => session.webhook_key().await,
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.key().await,
        }
    }

    /// Every token that still can be used.
    pub(crate) async fn tokens(&self) -> Outcome<Vec<WaitingChallenge>> {
        match self {
            Self::Local { reader, .. } => Ok(reader.challenges().await?),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => stack.tokens().await,
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
            #[cfg(feature = "aws")]
            Self::Stack(stack) => format!("stack {}", stack.name),
        }
    }
}

#[cfg(not(feature = "aws"))]
pub(super) fn without_aws(stack: &str) -> Fault {
    Fault::usage(format!(
        "--stack {stack}: this certhooks was built without AWS; build it with `--features aws`"
    ))
}
