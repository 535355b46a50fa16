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
use crate::fault::fault;

/// Of one call; SQS takes no more (ReceiveMessage, SendMessageBatch, DeleteMessageBatch).
const MOST: usize = 10;

/// Seconds to wait for a message: long polling asks all of SQS's servers, short polling some.
const POLL: i32 = 1;

/// A dead-letter queue and the queue that its messages came from, by receiving, sending and deleting:
/// that needs no rights beyond these three, goes on after any end, and moves what it is told to move
/// only (StartMessageMoveTask moves all, and tells neither emulators nor other regions' queues apart).
pub struct SqsDeadLetters {
    client: Client,
    /// What names the dead-letter queue in errors.
    called: &'static str,
    url: String,
    source: String,
}

/// A dead letter, kept from others until its hold ends.
#[derive(Clone)]
pub struct SqsDeadLetter {
    pub message_id: String,
    pub body: String,
    /// From both queues together.
    pub receives: u32,
    /// When it was sent to the queue that it came from.
    pub sent: Option<SystemTime>,
    /// Stands for this receive of it.
    pub receipt: String,
    group: Option<String>,
    attributes: HashMap<String, MessageAttributeValue>,
}

impl SqsDeadLetters {
    pub fn new(
        session: &Session,
        called: &'static str,
        url: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        let client = Client::new(&session.config);
        Self { client, called, url: url.into(), source: source.into() }
    }

    /// Ten at most, nobody else's for the time of `hold`; often fewer than there are. Empty most likely
    /// means that there are no more.
    pub async fn receive(&self, hold: Duration) -> PortResult<Vec<SqsDeadLetter>> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(MOST as i32)
            .visibility_timeout(i32::try_from(hold.as_secs()).unwrap_or(i32::MAX))
            .wait_time_seconds(POLL)
            .message_attribute_names("All")
            .message_system_attribute_names(System::All);
        let received = Box::pin(request.send()).await;
        let received =
            received.map_err(|error| fault(self.called, "ReceiveMessage", &error))?.messages;
        Ok(received.unwrap_or_default().into_iter().filter_map(SqsDeadLetter::of).collect())
    }

    /// Visible to others at once. One whose hold has ended is so already.
    pub async fn give_back(&self, receipts: &[String]) -> PortResult<()> {
        for some in receipts.chunks(MOST) {
            let entry = |(index, receipt): (usize, &String)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(0)
                    .build()
            };
            let entries: Result<Vec<_>, _> = some.iter().enumerate().map(entry).collect();
            let request = self.client.change_message_visibility_batch().queue_url(&self.url);
            let request = request.set_entries(Some(entries.map_err(|error| self.own(&error))?));
            Box::pin(request.send())
                .await
                .map_err(|error| fault(self.called, "ChangeMessageVisibilityBatch", &error))?;
        }
        Ok(())
    }

    /// Sends them to the queue that they came from, as they are, and then deletes those here that it took.
    /// The message ids of those that did not get so far; a crash in between leaves them on both queues.
    pub async fn retry(&self, letters: Vec<SqsDeadLetter>) -> PortResult<Vec<String>> {
        let mut left = Vec::new();
        for batch in pack(letters, SqsDeadLetter::size) {
            let entries: Result<Vec<_>, _> =
                batch.iter().enumerate().map(|(index, letter)| letter.entry(index)).collect();
            let request = self.client.send_message_batch().queue_url(&self.source);
            let request = request.set_entries(Some(entries.map_err(|error| self.own(&error))?));
            let sent = Box::pin(request.send())
                .await
                .map_err(|error| fault(self.called, "SendMessageBatch", &error))?;
            let refused: BTreeSet<&str> = sent.failed.iter().map(|failed| failed.id()).collect();
            let is_refused = |index: &usize| refused.contains(index.to_string().as_str());
            let (refused, taken): (Vec<_>, Vec<_>) =
                batch.into_iter().enumerate().partition(|(index, _)| is_refused(index));
            left.extend(refused.into_iter().map(|(_, letter)| letter.message_id));
            let taken: Vec<_> = taken.into_iter().map(|(_, letter)| letter).collect();
            left.extend(self.delete(&taken).await?);
        }
        Ok(left)
    }

    /// The message ids of those that SQS did not delete.
    pub async fn delete(&self, letters: &[SqsDeadLetter]) -> PortResult<Vec<String>> {
        let mut left = Vec::new();
        for some in letters.chunks(MOST) {
            let entry = |(index, letter): (usize, &SqsDeadLetter)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(&letter.receipt)
                    .build()
            };
            let entries: Result<Vec<_>, _> = some.iter().enumerate().map(entry).collect();
            let request = self.client.delete_message_batch().queue_url(&self.url);
            let request = request.set_entries(Some(entries.map_err(|error| self.own(&error))?));
            let deleted = Box::pin(request.send())
                .await
                .map_err(|error| fault(self.called, "DeleteMessageBatch", &error))?;
            let failed = deleted.failed.iter().filter_map(|failed| failed.id().parse().ok());
            left.extend(
                failed.filter_map(|index: usize| Some(some.get(index)?.message_id.clone())),
            );
        }
        Ok(left)
    }

    fn own(&self, error: &aws_sdk_sqs::error::BuildError) -> PortError {
        PortError(format!("{}: {error}", self.called))
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

    /// One of our own attributes, such as `provider`.
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
