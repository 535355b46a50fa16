use aws_sdk_sqs::Client;
use ports::{Deliveries, Delivery, PortError, PortResult};

use super::text::{attribute, body};
use crate::Session;
use crate::error::send_error;

const VARIABLE: &str = "DELIVERIES_QUEUE_URL";
const OPERATION: &str = "SendMessage";

/// The deliveries queue on SQS.
pub struct SqsDeliveries {
    client: Client,
    url: String,
}

impl SqsDeliveries {
    pub fn new(session: &Session, url: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), url: url.into() }
    }
}

/// The structured content mode of CloudEvents.
const CONTENT_TYPE: &str = "application/cloudevents+json";
/// SQS allows 1 MiB with attributes.
pub(crate) const BODY_LIMIT: usize = 900 * 1024;

/// The attributes of a message, by name. SNS delivers at most ten to a queue, and drops a message with
/// more.
pub(crate) fn attributes(delivery: &Delivery) -> [(&'static str, &str); 5] {
    [
        ("content-type", CONTENT_TYPE),
        ("id", &delivery.id),
        ("provider", delivery.provider.as_str()),
        ("subject", &delivery.subject),
        ("type", &delivery.kind),
    ]
}

impl Deliveries for SqsDeliveries {
    fn body_limit(&self) -> Option<usize> {
        Some(BODY_LIMIT)
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let mut message = self.client.send_message().queue_url(&self.url);
        for (name, value) in attributes(&delivery) {
            let value = attribute(value).map_err(|error| {
                PortError(format!("{VARIABLE}: {OPERATION}: `{name}`: {error}"))
            })?;
            message = message.message_attributes(name, value);
        }
        let message = message.message_group_id(delivery.group).message_body(body(delivery.body));
        let sent = Box::pin(message.send()).await;
        sent.map(drop).map_err(|error| send_error(VARIABLE, OPERATION, &error))
    }
}
