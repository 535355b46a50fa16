use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use ports::{Deliveries, Delivery, PortError, PortResult};

use crate::Session;
use crate::error::send_error;
use crate::sqs::{BODY_LIMIT, STRING, attribute_text, attributes, body};

const VARIABLE: &str = "DELIVERIES_TOPIC_ARN";
const OPERATION: &str = "Publish";

/// A standard topic on SNS, to which the deliveries queue and other queues are subscribed, with raw
/// delivery: so each of them gets what the deliveries queue alone would get.
pub struct SnsDeliveries {
    client: Client,
    arn: String,
}

impl SnsDeliveries {
    pub fn new(session: &Session, arn: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), arn: arn.into() }
    }
}

impl Deliveries for SnsDeliveries {
    /// SNS counts as SQS does. A topic takes as much as a queue when its `MaximumMessageSize` says so,
    /// as that of the template does.
    fn body_limit(&self) -> Option<usize> {
        Some(BODY_LIMIT)
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let mut message = self.client.publish().topic_arn(&self.arn);
        for (name, value) in attributes(&delivery) {
            // What SNS accepts in a text, and that it must not be empty, is the same as for SQS.
            let value = MessageAttributeValue::builder()
                .data_type(STRING)
                .string_value(attribute_text(value))
                .build()
                .map_err(|error| {
                    PortError(format!("{VARIABLE}: {OPERATION}: `{name}`: {error}"))
                })?;
            message = message.message_attributes(name, value);
        }
        // SNS passes the group on to standard queues, for their fairness.
        let message = message.message_group_id(delivery.group).message(body(delivery.body));
        let published = Box::pin(message.send()).await;
        published.map(drop).map_err(|error| send_error(VARIABLE, OPERATION, &error))
    }
}
