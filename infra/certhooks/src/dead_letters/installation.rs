use embedded::{Options, State};
use ports::Ledger;

use crate::dead_letters::args::Common;
use crate::error::CommandResult;
use crate::installation::{DeadLetter, Handle, QueueName, ReceivedDeadLetter};
use crate::stack::{DeadLetterQueues, Stack};

/// Number of rows read from the database at a time.
const PAGE: u32 = 100;

/// The installation whose dead letters a command works on.
pub(crate) enum Installation {
    Local {
        state: State,
        /// The id of the last row that was read.
        after: i64,
    },
    Stack(Box<DeadLetterQueues>),
}

impl Installation {
    pub(crate) async fn open(common: &Common) -> CommandResult<Self> {
        match &common.installation.stack {
            Some(name) => {
                let stack = Stack::open(&boot::Environment::of_process(), name).await?;
                Ok(Self::Stack(Box::new(stack.dead_letter_queues()?)))
            }
            None => {
                let state = State::join(&common.state, Options::default())?;
                Ok(Self::Local { state, after: 0 })
            }
        }
    }

    /// A caution about the number of dead letters, to follow it in the text; empty where it is exact.
    pub(crate) fn count_caution(&self) -> &'static str {
        match self {
            Self::Local { .. } => "",
            Self::Stack(_) => "; messages that another consumer is holding are not counted",
        }
    }

    /// The next dead letters, of `queue` or of both queues; `None` when all were read.
    pub(crate) async fn page(
        &mut self,
        queue: Option<QueueName>,
    ) -> CommandResult<Option<Vec<ReceivedDeadLetter>>> {
        match self {
            Self::Local { .. } if queue == Some(QueueName::Deliveries) => Ok(None),
            Self::Local { state, after } => {
                let rows = state.reader().dead_letters(*after, PAGE).await?;
                let Some(last) = rows.last() else { return Ok(None) };
                *after = last.id;
                let received = rows.into_iter().map(|row| ReceivedDeadLetter {
                    handle: Handle::Row(row.id),
                    dead_letter: DeadLetter::of_row(row),
                });
                Ok(Some(received.collect()))
            }
            Self::Stack(queues) => Ok(queues.page(queue).await?),
        }
    }

    /// Leaves dead letters where they are.
    pub(crate) fn keep(&mut self, received: Vec<ReceivedDeadLetter>) {
        if let Self::Stack(queues) = self {
            queues.keep(received);
        }
    }

    /// Makes the kept dead letters of a stack visible again at once.
    pub(crate) async fn release(&mut self) -> CommandResult<()> {
        match self {
            Self::Local { .. } => Ok(()),
            Self::Stack(queues) => Ok(queues.release().await?),
        }
    }

    /// Looks up in the ledger which of their events were delivered.
    pub(crate) async fn look_up_deliveries(
        &self,
        received: &mut [ReceivedDeadLetter],
    ) -> CommandResult<()> {
        let ids: Vec<_> =
            received.iter().filter_map(|received| received.dead_letter.event_id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = match self {
            Self::Local { state, .. } => state.ledger().known(&ids).await?,
            Self::Stack(queues) => queues.known(&ids).await?,
        };
        for ReceivedDeadLetter { dead_letter, .. } in received {
            let id = dead_letter.event_id.as_ref();
            dead_letter.is_delivered = id.map(|id| known.contains_key(id));
        }
        Ok(())
    }

    /// Puts dead letters back on the queues that they came from, and returns their number.
    pub(crate) async fn retry(
        &mut self,
        received: Vec<ReceivedDeadLetter>,
    ) -> CommandResult<usize> {
        match self {
            Self::Local { state, .. } => {
                let row = |received: &ReceivedDeadLetter| match received.handle {
                    Handle::Row(id) => Some((id, received.dead_letter.outgoing()?)),
                    Handle::Message(_) => None,
                };
                let rows = received.iter().filter_map(row).collect();
                Ok(state.dead_letters().retry(rows).await?)
            }
            Self::Stack(queues) => Ok(queues.retry(received).await?),
        }
    }

    /// Deletes dead letters, and returns their number.
    pub(crate) async fn remove(
        &mut self,
        received: Vec<ReceivedDeadLetter>,
    ) -> CommandResult<usize> {
        match self {
            Self::Local { state, .. } => {
                let row = |received: &ReceivedDeadLetter| match received.handle {
                    Handle::Row(id) => Some(id),
                    Handle::Message(_) => None,
                };
                let rows = received.iter().filter_map(row).collect();
                Ok(state.dead_letters().remove(rows).await?)
            }
            Self::Stack(queues) => Ok(queues.remove(received).await?),
        }
    }
}
