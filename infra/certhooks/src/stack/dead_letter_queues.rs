use std::collections::HashMap;
use std::time::Duration;

use aws::{DynamoLedger, SqsDeadLetter, SqsDeadLetters};
use ports::{Ledger, PortResult};
use time::OffsetDateTime;

use crate::dead_letters::args::QueueName;
use crate::dead_letters::installation::{Handle, Held};
use crate::installation::dead_letter::Letter;

/// Nobody else has a message for so long, within which all are gone through most likely.
const HOLD: Duration = Duration::from_secs(300);

/// The dead-letter queues of a stack. What is received from them is given back or ends here.
pub(crate) struct DeadQueues {
    pub(crate) ledger: DynamoLedger,
    pub(crate) events: SqsDeadLetters,
    pub(crate) deliveries: SqsDeadLetters,
    /// Those that were gone through.
    pub(crate) done: Vec<QueueName>,
    /// What is to be given back.
    pub(crate) kept: Vec<(QueueName, String)>,
}

impl DeadQueues {
    fn of(&self, queue: QueueName) -> &SqsDeadLetters {
        match queue {
            QueueName::Events => &self.events,
            QueueName::Deliveries => &self.deliveries,
        }
    }

    /// Some of the next queue that is not gone through.
    pub(crate) async fn page(&mut self, only: Option<QueueName>) -> PortResult<Option<Vec<Held>>> {
        for queue in [QueueName::Events, QueueName::Deliveries] {
            if self.done.contains(&queue) || only.is_some_and(|only| only != queue) {
                continue;
            }
            let messages = self.of(queue).receive(HOLD).await?;
            if messages.is_empty() {
                self.done.push(queue);
            } else {
                return Ok(Some(
                    messages.into_iter().map(|message| held(queue, message)).collect(),
                ));
            }
        }
        Ok(None)
    }

    pub(crate) fn keep(&mut self, held: Vec<Held>) {
        self.kept.extend(held.into_iter().filter_map(|held| match held.handle {
            Handle::Message(message) => Some((held.letter.queue, message.receipt)),
            Handle::Row(_) => None,
        }));
    }

    pub(crate) async fn give_back(&mut self) -> PortResult<()> {
        let kept = std::mem::take(&mut self.kept);
        for queue in [QueueName::Events, QueueName::Deliveries] {
            let of_queue = kept.iter().filter(|(kept, _)| *kept == queue);
            let receipts: Vec<_> = of_queue.map(|(_, receipt)| receipt.clone()).collect();
            self.of(queue).give_back(&receipts).await?;
        }
        Ok(())
    }

    pub(crate) async fn known(
        &self,
        ids: &[String],
    ) -> PortResult<HashMap<String, OffsetDateTime>> {
        self.ledger.known(ids).await
    }

    /// How many are on their queue again; the others come back when their hold ends.
    pub(crate) async fn retry(&mut self, held: Vec<Held>) -> PortResult<usize> {
        let mut done = 0;
        for (queue, messages) in by_queue(held) {
            let count = messages.len();
            done += count - self.of(queue).retry(messages).await?.len();
        }
        Ok(done)
    }

    pub(crate) async fn remove(&mut self, held: Vec<Held>) -> PortResult<usize> {
        let mut done = 0;
        for (queue, messages) in by_queue(held) {
            done += messages.len() - self.of(queue).delete(&messages).await?.len();
        }
        Ok(done)
    }
}

fn held(queue: QueueName, message: SqsDeadLetter) -> Held {
    let sent = message.sent.map_or(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::from);
    let (number, body) = (message.message_id.clone(), message.body.clone());
    let mut letter = Letter::new(number, queue, body, message.receives, sent);
    if letter.provider.is_empty() {
        letter.provider = message.attribute("provider").unwrap_or_default().to_owned();
    }
    if letter.kind.is_empty() {
        letter.kind = message.attribute("type").unwrap_or_default().to_owned();
    }
    Held { letter, handle: Handle::Message(message) }
}

fn by_queue(held: Vec<Held>) -> Vec<(QueueName, Vec<SqsDeadLetter>)> {
    let (mut events, mut deliveries) = (Vec::new(), Vec::new());
    for Held { letter, handle } in held {
        if let Handle::Message(message) = handle {
            match letter.queue {
                QueueName::Events => events.push(message),
                QueueName::Deliveries => deliveries.push(message),
            }
        }
    }
    vec![(QueueName::Events, events), (QueueName::Deliveries, deliveries)]
}
