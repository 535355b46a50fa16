use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use ports::PortResult;

use crate::Session;
use crate::error::port_error;

/// The approximate numbers of messages in a queue.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

impl Depth {
    /// Reads the depth of a queue. `variable` names the queue in errors.
    ///
    /// # Errors
    /// When there is no such queue, or its attributes may not be read.
    pub async fn read(session: &Session, variable: &str, url: &str) -> PortResult<Self> {
        let client = Client::new(&session.config);
        let request = client.get_queue_attributes().queue_url(url).set_attribute_names(Some(vec![
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ]));
        let described = Box::pin(request.send())
            .await
            .map_err(|error| port_error(variable, "GetQueueAttributes", &error))?;
        let count = |name: Name| described.attributes()?.get(&name)?.parse().ok();
        Ok(Self {
            visible: count(Name::ApproximateNumberOfMessages).unwrap_or(0),
            in_flight: count(Name::ApproximateNumberOfMessagesNotVisible).unwrap_or(0),
            delayed: count(Name::ApproximateNumberOfMessagesDelayed).unwrap_or(0),
        })
    }
}
