use std::collections::HashMap;
use std::time::Duration;

use aws::{DynamoLedger, SqsDeadLetter, SqsDeadLetters};
use ports::Ledger;
use time::OffsetDateTime;

use crate::installation::{
    DeadLetter, DeadLetters, Handle, PortFuture, QueueName, ReceivedDeadLetter,
};

/// Visibility timeout of what is received: long enough to read through the queues in most cases.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(300);

/// The dead-letter queues of a stack. Every message that is received is released again, retried or
/// removed.
pub(crate) struct StackDeadLetters {
    ledger: DynamoLedger,
    events: SqsDeadLetters,
    deliveries: SqsDeadLetters,
    /// Queues that were read to their end.
    finished: Vec<QueueName>,
    /// Receipts of the messages to release.
    kept: Vec<(QueueName, String)>,
}

impl StackDeadLetters {
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
}

impl DeadLetters for StackDeadLetters {
    fn count_caution(&self) -> &'static str {
        "; messages that another consumer is holding are not counted"
    }

    fn page(&mut self, only: Option<QueueName>) -> PortFuture<'_, Option<Vec<ReceivedDeadLetter>>> {
        Box::pin(async move {
            for queue in [QueueName::Events, QueueName::Deliveries] {
                if self.finished.contains(&queue) || only.is_some_and(|only| only != queue) {
                    continue;
                }
                let messages = self.of(queue).receive(VISIBILITY_TIMEOUT).await?;
                if messages.is_empty() {
                    self.finished.push(queue);
                } else {
                    let messages = messages.into_iter();
                    return Ok(Some(messages.map(|message| received(queue, message)).collect()));
                }
            }
            Ok(None)
        })
    }

    fn keep(&mut self, received: Vec<ReceivedDeadLetter>) {
        self.kept.extend(received.into_iter().filter_map(|received| match received.handle {
            Handle::Message(message) => Some((received.dead_letter.queue, message.receipt)),
            Handle::Row(_) => None,
        }));
    }

    fn release(&mut self) -> PortFuture<'_, ()> {
        Box::pin(async {
            let kept = std::mem::take(&mut self.kept);
            for queue in [QueueName::Events, QueueName::Deliveries] {
                let of_queue = kept.iter().filter(|(kept, _)| *kept == queue);
                let receipts: Vec<_> = of_queue.map(|(_, receipt)| receipt.clone()).collect();
                self.of(queue).release(&receipts).await?;
            }
            Ok(())
        })
    }

    fn delivered<'a>(
        &'a self,
        ids: &'a [String],
    ) -> PortFuture<'a, HashMap<String, OffsetDateTime>> {
        Box::pin(self.ledger.known(ids))
    }

    /// Those that failed become visible again after their visibility timeout.
    fn retry(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize> {
        Box::pin(async {
            let mut retried = 0;
            for (queue, messages) in by_queue(received) {
                let count = messages.len();
                retried += count - self.of(queue).retry(messages).await?.len();
            }
            Ok(retried)
        })
    }

    fn remove(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize> {
        Box::pin(async {
            let mut removed = 0;
            for (queue, messages) in by_queue(received) {
                removed += messages.len() - self.of(queue).delete(&messages).await?.len();
            }
            Ok(removed)
        })
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
