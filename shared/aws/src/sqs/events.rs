use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use ports::{EventsQueue, Outgoing, PortError, PortResult};

use super::packing::pack;
use super::text::{STRING, attribute, attribute_text, body};
use crate::Session;
use crate::error::{port_error, send_error};

const VARIABLE: &str = "EVENTS_QUEUE_URL";
const OPERATION: &str = "SendMessageBatch";

/// The maximum number of concurrent batches of one request.
const CONCURRENCY: usize = 8;

/// The pause before each attempt; all but the first retry the messages that SQS did not accept.
const PAUSES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// The longest delay that SQS allows, in seconds.
const MAX_DELAY: u64 = 900;

/// The events queue on SQS: a standard queue, with message groups for fairness.
pub struct SqsEvents {
    client: Client,
    url: String,
}

impl SqsEvents {
    pub fn new(session: &Session, url: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), url: url.into() }
    }

    /// Opens the connection before the first message, with an empty batch. SQS refuses it, so it is the
    /// one request with a sender's permissions that leaves nothing on the queue.
    ///
    /// # Errors
    /// When the answer is another one than that refusal.
    pub async fn warm(&self) -> PortResult<()> {
        match self.request(Vec::new()).await {
            Err(error) if !error.code().is_some_and(|code| code.ends_with("EmptyBatchRequest")) => {
                Err(port_error(VARIABLE, OPERATION, &error))
            }
            _ => Ok(()),
        }
    }

    /// Sends a batch, and retries until SQS has accepted every message.
    async fn send_batch(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let entries =
            messages.into_iter().enumerate().map(|(index, message)| entry(index, message));
        let mut entries = entries
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| PortError(format!("{VARIABLE}: {OPERATION}: {error}")))?;
        let mut failed = Vec::new();
        for pause in PAUSES {
            // Even a timer of zero length waits for its next tick, a millisecond or two.
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let answer = self.attempt(entries.clone()).await?;
            let sent = answer.successful.iter().map(SendMessageBatchResultEntry::id);
            let sent: HashSet<&str> = sent.collect();
            // What the answer does not name is not on the queue, as far as anybody knows.
            entries.retain(|entry| !sent.contains(entry.id()));
            failed = answer.failed;
            if entries.is_empty() {
                return Ok(());
            }
            if failed.iter().any(BatchResultErrorEntry::sender_fault) {
                break;
            }
        }
        Err(refused(entries.len(), &failed))
    }

    /// Sends a batch once.
    async fn attempt(
        &self,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> PortResult<SendMessageBatchOutput> {
        self.request(entries)
            .await
            .map_err(|error| send_error(VARIABLE, "SendMessageBatch", &error))
    }

    /// The future is boxed, as for all requests here, because the SDK's futures have about 20 kB.
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
        let mut batches = pack(messages, size).into_iter();
        // Nearly every request has one batch, which needs no set of futures.
        if batches.len() == 1
            && let Some(batch) = batches.next()
        {
            return self.send_batch(batch).await;
        }
        stream::iter(batches)
            .map(|batch| self.send_batch(batch))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }
}

/// The attributes of a message, by name.
fn attributes(message: &Outgoing) -> [(&'static str, &str); 2] {
    [("type", &message.kind), ("provider", message.provider.as_str())]
}

/// The size of a message as SQS counts it: its body, and name, type and value of each attribute.
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

/// Rounds up, so that no message arrives too early.
fn delay_seconds(delay: Duration) -> Option<i32> {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds.min(MAX_DELAY)).ok().filter(|seconds| *seconds > 0)
}

/// The error has only the codes, because the messages may quote what was sent.
fn refused(count: usize, failed: &[BatchResultErrorEntry]) -> PortError {
    let code = failed.first().map_or("no reason given", BatchResultErrorEntry::code);
    PortError(format!("{VARIABLE}: {OPERATION}: {count} messages were not accepted: {code}"))
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
