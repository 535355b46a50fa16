use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use ports::{EventsQueue, Outgoing, PortError, PortResult};

use super::packing::pack;
use super::text::{STRING, attribute, attribute_text, body};
use crate::Session;
use crate::fault::fault;

const VARIABLE: &str = "EVENTS_QUEUE_URL";
const OPERATION: &str = "SendMessageBatch";

/// Batches of one request that are under way at the same time.
const SIDE_BY_SIDE: usize = 8;

/// Before each try of those messages of a batch that SQS did not take.
const PAUSES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// Seconds; SQS takes no longer delay of a message.
const LONGEST_DELAY: u64 = 900;

/// The events queue on SQS: a standard queue, with message groups for fairness.
pub struct SqsEvents {
    client: Client,
    url: String,
}

impl SqsEvents {
    pub fn new(session: &Session, url: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), url: url.into() }
    }

    /// Opens the connection ahead of the first message. A batch without messages is the one request
    /// that a sender may make and that leaves nothing on the queue: SQS refuses it.
    ///
    /// # Errors
    /// When something else came than that refusal.
    pub async fn warm(&self) -> PortResult<()> {
        match self.request(Vec::new()).await {
            Err(error) if !error.code().is_some_and(|code| code.ends_with("EmptyBatchRequest")) => {
                Err(fault(VARIABLE, OPERATION, &error))
            }
            _ => Ok(()),
        }
    }

    /// One batch, until SQS has all of it.
    async fn send_batch(&self, mut entries: Vec<SendMessageBatchRequestEntry>) -> PortResult<()> {
        let mut failed = Vec::new();
        for pause in PAUSES {
            // A timer of no length still waits for its next tick, a millisecond or two.
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            failed = self.attempt(entries.clone()).await?;
            let ids: HashSet<&str> = failed.iter().map(BatchResultErrorEntry::id).collect();
            entries.retain(|entry| ids.contains(entry.id()));
            if entries.is_empty() {
                return Ok(());
            }
            if failed.iter().any(BatchResultErrorEntry::sender_fault) {
                break;
            }
        }
        Err(refused(&failed))
    }

    /// Those messages that SQS did not take.
    async fn attempt(
        &self,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> PortResult<Vec<BatchResultErrorEntry>> {
        let sent =
            self.request(entries).await.map_err(|error| fault(VARIABLE, OPERATION, &error))?;
        Ok(sent.failed)
    }

    /// On the heap, as all requests here: the SDK's futures have some 20 kB.
    fn request(
        &self,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> BoxFuture<'static, Result<SendMessageBatchOutput, SdkError<SendMessageBatchError>>> {
        let batch =
            self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        Box::pin(batch.send())
    }
}

impl EventsQueue for SqsEvents {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let batches = pack(messages, size).into_iter().map(|batch| {
            let entries =
                batch.into_iter().enumerate().map(|(index, message)| entry(index, message));
            entries
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| PortError(format!("{VARIABLE}: {OPERATION}: {error}")))
        });
        stream::iter(batches)
            .map(|entries| async { self.send_batch(entries?).await })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }
}

/// The attributes of a message, by name.
fn attributes(message: &Outgoing) -> [(&'static str, &str); 2] {
    [("type", &message.kind), ("provider", message.provider.as_str())]
}

/// What SQS counts of a message: its body, and name, type and value of each attribute.
fn size(message: &Outgoing) -> usize {
    let attributes = attributes(message);
    let sizes = attributes
        .iter()
        .map(|(name, value)| name.len() + STRING.len() + attribute_text(value).len());
    message.body.len() + message.group.len() + sizes.sum::<usize>()
}

fn entry(index: usize, message: Outgoing) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let mut entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
    for (name, value) in attributes(&message) {
        entry = entry.message_attributes(name, attribute(value)?);
    }
    if !message.group.is_empty() {
        entry = entry.message_group_id(message.group);
    }
    entry.set_delay_seconds(delay_seconds(message.delay)).message_body(body(message.body)).build()
}

/// Rounded up, so that nothing comes too early.
fn delay_seconds(delay: Duration) -> Option<i32> {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds.min(LONGEST_DELAY)).ok().filter(|seconds| *seconds > 0)
}

/// Codes only: the texts may repeat what was sent.
fn refused(failed: &[BatchResultErrorEntry]) -> PortError {
    let code = failed.first().map_or("no reason given", BatchResultErrorEntry::code);
    PortError(format!("{VARIABLE}: {OPERATION}: {} messages were not taken: {code}", failed.len()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::delay_seconds;

    #[test]
    fn delays() {
        for (delay, seconds) in [
            (Duration::ZERO, None),
            (Duration::from_millis(1), Some(1)),
            (Duration::from_secs(60), Some(60)),
            (Duration::from_millis(60_001), Some(61)),
            (Duration::from_secs(900), Some(900)),
            (Duration::from_secs(86_400), Some(900)),
        ] {
            assert_eq!(delay_seconds(delay), seconds, "{delay:?}");
        }
    }
}
