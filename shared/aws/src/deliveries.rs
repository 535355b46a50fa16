use boot::{Environment, SettingError};
use ports::{Deliveries, Delivery, PortResult};

use crate::{Session, SnsDeliveries, SqsDeliveries};

const QUEUE: &str = "DELIVERIES_QUEUE_URL";
const TOPIC: &str = "DELIVERIES_TOPIC_ARN";

/// Where certificate events are delivered to, as the variables name it.
#[derive(Debug, PartialEq, Eq)]
pub enum DeliveriesTarget {
    /// The URL of the deliveries queue.
    Queue(String),
    /// The ARN of a standard topic that the deliveries queue is subscribed to.
    Topic(String),
}

impl DeliveriesTarget {
    /// # Errors
    /// When neither `DELIVERIES_QUEUE_URL` nor `DELIVERIES_TOPIC_ARN` is set, or both are, or the ARN
    /// is not that of a standard topic.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingError> {
        match (environment.optional(QUEUE), environment.optional(TOPIC)) {
            (Some(url), None) => Ok(Self::Queue(url.to_owned())),
            (None, Some(arn)) if is_standard_topic(arn) => Ok(Self::Topic(arn.to_owned())),
            (None, Some(_)) => Err(SettingError::new(
                TOPIC,
                "is not the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)",
            )),
            (Some(_), Some(_)) => {
                Err(SettingError::new(TOPIC, format!("is set beside {QUEUE}; set only one")))
            }
            (None, None) => Err(SettingError::new(
                QUEUE,
                format!("is required, or {TOPIC}, but neither is set"),
            )),
        }
    }
}

/// A FIFO topic would need a deduplication id, and delivers one event of a group at a time.
fn is_standard_topic(arn: &str) -> bool {
    let parts: Vec<_> = arn.split(':').collect();
    matches!(parts[..], ["arn", _, "sns", _, _, name] if !name.is_empty() && !name.ends_with(".fifo"))
}

/// The deliveries queue, or a topic that it is subscribed to.
pub enum AwsDeliveries {
    Queue(SqsDeliveries),
    Topic(SnsDeliveries),
}

impl AwsDeliveries {
    pub fn new(session: &Session, target: DeliveriesTarget) -> Self {
        match target {
            DeliveriesTarget::Queue(url) => Self::Queue(SqsDeliveries::new(session, url)),
            DeliveriesTarget::Topic(arn) => Self::Topic(SnsDeliveries::new(session, arn)),
        }
    }
}

impl Deliveries for AwsDeliveries {
    fn body_limit(&self) -> Option<usize> {
        match self {
            Self::Queue(queue) => queue.body_limit(),
            Self::Topic(topic) => topic.body_limit(),
        }
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        match self {
            Self::Queue(queue) => queue.publish(delivery).await,
            Self::Topic(topic) => topic.publish(delivery).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveriesTarget, QUEUE, TOPIC};

    const URL: (&str, &str) = (QUEUE, "https://sqs.eu-central-1.amazonaws.com/1/deliveries");
    const ARN: (&str, &str) = (TOPIC, "arn:aws-cn:sns:cn-north-1:111111111111:deliveries");

    fn target(variables: &[(&str, &str)]) -> Result<DeliveriesTarget, String> {
        DeliveriesTarget::from_environment(&variables.iter().copied().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_variable_that_is_set_decides() {
        assert_eq!(target(&[URL]), Ok(DeliveriesTarget::Queue(URL.1.to_owned())));
        assert_eq!(target(&[ARN]), Ok(DeliveriesTarget::Topic(ARN.1.to_owned())));
    }

    #[test]
    fn errors_name_the_variable() {
        for (variables, expected) in [
            (
                &[][..],
                "DELIVERIES_QUEUE_URL: is required, or DELIVERIES_TOPIC_ARN, but neither is set",
            ),
            (&[URL, ARN], "DELIVERIES_TOPIC_ARN: is set beside DELIVERIES_QUEUE_URL; set only one"),
        ] {
            assert_eq!(target(variables), Err(expected.to_owned()));
        }
        for arn in [
            "deliveries",
            "arn:aws:sqs:eu-central-1:111111111111:deliveries",
            "arn:aws:sns:eu-central-1:111111111111:deliveries.fifo",
            "arn:aws:sns:eu-central-1:111111111111:",
            "arn:aws:sns:eu-central-1:111111111111:deliveries:2f6e5a0c",
        ] {
            let error = target(&[(TOPIC, arn)]).unwrap_err();
            assert!(error.starts_with("DELIVERIES_TOPIC_ARN: is not the ARN of"), "{arn}: {error}");
        }
    }
}
