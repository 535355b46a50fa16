use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageAttributeValue, MessageSystemAttributeName as System, SendMessageBatchRequestEntry,
};
use ports::{PortError, PortResult};

use super::packing::pack;
use crate::Session;
use crate::error::{port_error, send_error};

/// The maximum number of messages in one call (ReceiveMessage, SendMessageBatch, DeleteMessageBatch).
const BATCH_SIZE: usize = 10;

/// How long to wait for a message, in seconds. Long polling queries all of SQS's servers, and short
/// polling only some.
const WAIT_SECONDS: i32 = 1;

/// A dead-letter queue and its source queue. It only receives, sends and deletes messages, so that it
/// needs no other permission, can continue after an interruption, and can move single messages.
/// (StartMessageMoveTask moves all messages, and does not work with emulators.)
pub struct SqsDeadLetters {
    client: Client,
    /// Names the dead-letter queue in errors.
    variable: &'static str,
    url: String,
    source: String,
}

/// A received dead letter. Other consumers do not receive it until its visibility timeout ends.
#[derive(Clone)]
pub struct SqsDeadLetter {
    pub message_id: String,
    pub body: String,
    /// The number of receives from both queues together.
    pub receives: u32,
    /// When it was sent to the source queue.
    pub sent: Option<SystemTime>,
    /// The receipt handle of this receive.
    pub receipt: String,
    group: Option<String>,
    attributes: HashMap<String, MessageAttributeValue>,
}

impl SqsDeadLetters {
    pub fn new(
        session: &Session,
        variable: &'static str,
        url: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        let client = Client::new(&session.config);
        Self { client, variable, url: url.into(), source: source.into() }
    }

    /// Receives at most ten messages with the visibility timeout `hold`. It often receives fewer than
    /// there are; none probably means that there are no more.
    pub async fn receive(&self, hold: Duration) -> PortResult<Vec<SqsDeadLetter>> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(BATCH_SIZE as i32)
            .visibility_timeout(i32::try_from(hold.as_secs()).unwrap_or(i32::MAX))
            .wait_time_seconds(WAIT_SECONDS)
            .message_attribute_names("All")
            .message_system_attribute_names(System::All);
        let received = Box::pin(request.send()).await;
        let received =
            received.map_err(|error| port_error(self.variable, "ReceiveMessage", &error))?.messages;
        Ok(received.unwrap_or_default().into_iter().filter_map(SqsDeadLetter::of).collect())
    }

    /// Makes messages visible again at once.
    pub async fn release(&self, receipts: &[String]) -> PortResult<()> {
        for batch in receipts.chunks(BATCH_SIZE) {
            let entry = |(index, receipt): (usize, &String)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build()
            };
            let entries: Result<Vec<_>, _> = batch.iter().enumerate().map(entry).collect();
            let request = self.client.change_message_visibility_batch().queue_url(&self.url);
            let request =
                request.set_entries(Some(entries.map_err(|error| self.build_error(&error))?));
            Box::pin(request.send()).await.map_err(|error| {
                port_error(self.variable, "ChangeMessageVisibilityBatch", &error)
            })?;
        }
        Ok(())
    }

    /// Sends messages unchanged to the source queue, and deletes those that it accepted. Returns the ids
    /// of the messages that were not moved; a crash in between leaves a message on both queues.
    pub async fn retry(&self, letters: Vec<SqsDeadLetter>) -> PortResult<Vec<String>> {
        let mut left = Vec::new();
        for batch in pack(letters, SqsDeadLetter::size) {
            let entries: Result<Vec<_>, _> =
                batch.iter().enumerate().map(|(index, letter)| letter.entry(index)).collect();
            let request = self.client.send_message_batch().queue_url(&self.source);
            let request =
                request.set_entries(Some(entries.map_err(|error| self.build_error(&error))?));
            let sent = Box::pin(request.send())
                .await
                .map_err(|error| send_error(self.variable, "SendMessageBatch", &error))?;
            // What the answer does not name is not on the source queue, as far as anybody knows.
            let sent: BTreeSet<&str> = sent.successful.iter().map(|sent| sent.id()).collect();
            let is_sent = |index: &usize| sent.contains(index.to_string().as_str());
            let (accepted, refused): (Vec<_>, Vec<_>) =
                batch.into_iter().enumerate().partition(|(index, _)| is_sent(index));
            left.extend(refused.into_iter().map(|(_, letter)| letter.message_id));
            let accepted: Vec<_> = accepted.into_iter().map(|(_, letter)| letter).collect();
            left.extend(self.delete(&accepted).await?);
        }
        Ok(left)
    }

    /// Deletes messages, and returns the ids of those that SQS did not delete.
    pub async fn delete(&self, letters: &[SqsDeadLetter]) -> PortResult<Vec<String>> {
        let mut left = Vec::new();
        for batch in letters.chunks(BATCH_SIZE) {
            let entry = |(index, letter): (usize, &SqsDeadLetter)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(&letter.receipt)
                    .build()
            };
            let entries: Result<Vec<_>, _> = batch.iter().enumerate().map(entry).collect();
            let request = self.client.delete_message_batch().queue_url(&self.url);
            let request =
                request.set_entries(Some(entries.map_err(|error| self.build_error(&error))?));
            let deleted = Box::pin(request.send())
                .await
                .map_err(|error| port_error(self.variable, "DeleteMessageBatch", &error))?;
            let failed = deleted.failed.iter().filter_map(|failed| failed.id().parse().ok());
            left.extend(
                failed.filter_map(|index: usize| Some(batch.get(index)?.message_id.clone())),
            );
        }
        Ok(left)
    }

    fn build_error(&self, error: &aws_sdk_sqs::error::BuildError) -> PortError {
        PortError(format!("{}: {error}", self.variable))
    }
}

impl SqsDeadLetter {
    fn of(message: Message) -> Option<Self> {
        let system = message.attributes.unwrap_or_default();
        let number = |name: System| system.get(&name)?.parse::<u64>().ok();
        let sent = number(System::SentTimestamp).map(Duration::from_millis);
        Some(Self {
            message_id: message.message_id?,
            body: message.body.unwrap_or_default(),
            receives: number(System::ApproximateReceiveCount)
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            sent: sent.and_then(|sent| SystemTime::UNIX_EPOCH.checked_add(sent)),
            receipt: message.receipt_handle?,
            group: system.get(&System::MessageGroupId).cloned(),
            attributes: message.message_attributes.unwrap_or_default(),
        })
    }

    /// Returns one of our message attributes, such as `provider`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.string_value()
    }

    fn size(&self) -> usize {
        let attribute = |(name, value): (&String, &MessageAttributeValue)| {
            name.len() + value.data_type().len() + value.string_value().map_or(0, str::len)
        };
        let attributes: usize = self.attributes.iter().map(attribute).sum();
        self.body.len() + self.group.as_ref().map_or(0, String::len) + attributes
    }

    fn entry(
        &self,
        index: usize,
    ) -> Result<SendMessageBatchRequestEntry, aws_sdk_sqs::error::BuildError> {
        SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(&self.body)
            .set_message_group_id(self.group.clone())
            .set_message_attributes(Some(self.attributes.clone()))
            .build()
    }
}
