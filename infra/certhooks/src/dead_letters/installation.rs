use embedded::{Options, State};
use ports::Ledger;

use crate::dead_letters::args::{Common, QueueName};
use crate::fault::Outcome;
use crate::installation::dead_letter::Letter;
use crate::stack::{Dead, DeadQueues, Stack};

/// Rows of a page.
const PAGE: u32 = 100;

/// Where dead letters are.
pub(crate) enum Place {
    Local { state: State, after: i64 },
    Stack(Box<DeadQueues>),
}

/// A dead letter, with what its place needs to let go of it.
pub(crate) struct Held {
    pub(crate) letter: Letter,
    pub(crate) handle: Handle,
}

pub(crate) enum Handle {
    Row(i64),
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "no stack can be opened"))]
    Message(Dead),
}

impl Place {
    pub(crate) async fn open(common: &Common) -> Outcome<Self> {
        match &common.here.stack {
            Some(name) => {
                let stack = Stack::open(&boot::Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack.dead_queues()?)))
            }
            None => {
                let state = State::join(&common.state, Options::default())?;
                Ok(Self::Local { state, after: 0 })
            }
        }
    }

    /// What to know of the counts.
    pub(crate) fn caution(&self) -> &'static str {
        match self {
            Self::Local { .. } => "",
            Self::Stack(_) => "; SQS may keep some back while others hold them",
        }
    }

    /// Some that were not met yet; nothing when there are no more.
    pub(crate) async fn page(&mut self, queue: Option<QueueName>) -> Outcome<Option<Vec<Held>>> {
        match self {
            Self::Local { .. } if queue == Some(QueueName::Deliveries) => Ok(None),
            Self::Local { state, after } => {
                let rows = state.reader().dead_letters(*after, PAGE).await?;
                let Some(last) = rows.last() else { return Ok(None) };
                *after = last.id;
                let held = rows
                    .into_iter()
                    .map(|row| Held { handle: Handle::Row(row.id), letter: Letter::of_row(row) });
                Ok(Some(held.collect()))
            }
            Self::Stack(queues) => Ok(queues.page(queue).await?),
        }
    }

    /// They stay where they are.
    pub(crate) fn keep(&mut self, held: Vec<Held>) {
        if let Self::Stack(queues) = self {
            queues.keep(held);
        }
    }

    pub(crate) async fn give_back(&mut self) -> Outcome<()> {
        match self {
            Self::Local { .. } => Ok(()),
            Self::Stack(queues) => Ok(queues.give_back().await?),
        }
    }

    /// Which of their events were delivered.
    pub(crate) async fn ask_ledger(&self, held: &mut [Held]) -> Outcome<()> {
        let ids: Vec<_> = held.iter().filter_map(|held| held.letter.event_id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = match self {
            Self::Local { state, .. } => state.ledger().known(&ids).await?,
            Self::Stack(queues) => queues.known(&ids).await?,
        };
        for Held { letter, .. } in held {
            letter.is_delivered = letter.event_id.as_ref().map(|id| known.contains_key(id));
        }
        Ok(())
    }

    /// How many are on their queue again.
    pub(crate) async fn retry(&mut self, held: Vec<Held>) -> Outcome<usize> {
        match self {
            Self::Local { state, .. } => {
                let row = |held: &Held| match held.handle {
                    Handle::Row(id) => Some((id, held.letter.outgoing()?)),
                    Handle::Message(_) => None,
                };
                let rows = held.iter().filter_map(row).collect();
                Ok(state.dead_letters().retry(rows).await?)
            }
            Self::Stack(queues) => Ok(queues.retry(held).await?),
        }
    }

    /// How many are gone.
    pub(crate) async fn remove(&mut self, held: Vec<Held>) -> Outcome<usize> {
        match self {
            Self::Local { state, .. } => {
                let row = |held: &Held| match held.handle {
                    Handle::Row(id) => Some(id),
                    Handle::Message(_) => None,
                };
                let rows = held.iter().filter_map(row).collect();
                Ok(state.dead_letters().remove(rows).await?)
            }
            Self::Stack(queues) => Ok(queues.remove(held).await?),
        }
    }
}
