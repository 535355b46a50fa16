use std::collections::HashMap;
use std::time::Duration;

use aws::{DynamoLedger, SqsDeadLetter, SqsDeadLetters};
use ports::{Ledger, PortResult};
use time::OffsetDateTime;

use crate::installation::{DeadLetter, Handle, QueueName, ReceivedDeadLetter};

/// Visibility timeout of what is received: long enough to read through the queues in most cases.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(300);

/// The dead-letter queues of a stack. Every message that is received is released again, retried or
/// removed.
pub(crate) struct DeadLetterQueues {
    ledger: DynamoLedger,
    events: SqsDeadLetters,
    deliveries: SqsDeadLetters,
    /// Queues that were read to their end.
    finished: Vec<QueueName>,
    /// Receipts of the messages to release.
    kept: Vec<(QueueName, String)>,
}

impl DeadLetterQueues {
    pub(super) fn new(
        ledger: DynamoLedger,
        events: SqsDeadLetters,
        deliveries: SqsDeadLetters,
    ) -> Self {
        Self { ledger, events, deliveries, finished: Vec::new(), kept: Vec::new() }
    }

    fn of(&self, queue: QueueName) -> &SqsDeadLetters {
        match queue {
            QueueName::Events => &self.events,
            QueueName::Deliveries => &self.deliveries,
        }
    }

    /// The next messages, of `only` or of both queues; `None` when all were received.
    pub(crate) async fn page(
        &mut self,
        only: Option<QueueName>,
    ) -> PortResult<Option<Vec<ReceivedDeadLetter>>> {
        for queue in [QueueName::Events, QueueName::Deliveries] {
            if self.finished.contains(&queue) || only.is_some_and(|only| only != queue) {
                continue;
            }
            let messages = self.of(queue).receive(VISIBILITY_TIMEOUT).await?;
            if messages.is_empty() {
                self.finished.push(queue);
            } else {
                return Ok(Some(
                    messages.into_iter().map(|message| received(queue, message)).collect(),
                ));
            }
        }
        Ok(None)
    }

    /// Marks messages to be released, since they stay on their queue.
    pub(crate) fn keep(&mut self, received: Vec<ReceivedDeadLetter>) {
        self.kept.extend(received.into_iter().filter_map(|received| match received.handle {
            Handle::Message(message) => Some((received.dead_letter.queue, message.receipt)),
            Handle::Row(_) => None,
        }));
    }

    /// Makes the kept messages visible again at once.
    pub(crate) async fn release(&mut self) -> PortResult<()> {
        let kept = std::mem::take(&mut self.kept);
        for queue in [QueueName::Events, QueueName::Deliveries] {
            let of_queue = kept.iter().filter(|(kept, _)| *kept == queue);
            let receipts: Vec<_> = of_queue.map(|(_, receipt)| receipt.clone()).collect();
            self.of(queue).release(&receipts).await?;
        }
        Ok(())
    }

    pub(crate) async fn known(
        &self,
        ids: &[String],
    ) -> PortResult<HashMap<String, OffsetDateTime>> {
        self.ledger.known(ids).await
    }

    /// Puts messages back on the queues that they came from, and returns their number. Those that
    /// failed become visible again after their visibility timeout.
    pub(crate) async fn retry(&mut self, received: Vec<ReceivedDeadLetter>) -> PortResult<usize> {
        let mut retried = 0;
        for (queue, messages) in by_queue(received) {
            let count = messages.len();
            retried += count - self.of(queue).retry(messages).await?.len();
        }
        Ok(retried)
    }

    /// Deletes messages, and returns their number.
    pub(crate) async fn remove(&mut self, received: Vec<ReceivedDeadLetter>) -> PortResult<usize> {
        let mut removed = 0;
        for (queue, messages) in by_queue(received) {
            removed += messages.len() - self.of(queue).delete(&messages).await?.len();
        }
        Ok(removed)
    }
}

fn received(queue: QueueName, message: SqsDeadLetter) -> ReceivedDeadLetter {
    let sent = message.sent.map_or(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::from);
    let (number, body) = (message.message_id.clone(), message.body.clone());
    let mut dead_letter = DeadLetter::new(number, queue, body, message.receives, sent);
    if dead_letter.provider.is_empty() {
        dead_letter.provider = message.attribute("provider").unwrap_or_default().to_owned();
    }
    if dead_letter.kind.is_empty() {
        dead_letter.kind = message.attribute("type").unwrap_or_default().to_owned();
    }
    ReceivedDeadLetter { dead_letter, handle: Handle::Message(message) }
}

fn by_queue(received: Vec<ReceivedDeadLetter>) -> Vec<(QueueName, Vec<SqsDeadLetter>)> {
    let (mut events, mut deliveries) = (Vec::new(), Vec::new());
    for ReceivedDeadLetter { dead_letter, handle } in received {
        if let Handle::Message(message) = handle {
            match dead_letter.queue {
                QueueName::Events => events.push(message),
                QueueName::Deliveries => deliveries.push(message),
            }
        }
    }
    vec![(QueueName::Events, events), (QueueName::Deliveries, deliveries)]
}
