//! - [`events`], [`deliveries`]: the two queues
//! - [`dead_letters`]: their dead-letter queues
//! - [`depth`]: the number of messages in a queue
//! - [`packing`]: splits messages into batches within SQS's limits
//! - [`text`]: escapes text that SQS does not accept

mod dead_letters;
mod deliveries;
mod depth;
mod events;
mod packing;
mod text;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use ports::PortError;

pub use dead_letters::{SqsDeadLetter, SqsDeadLetters};
pub use deliveries::SqsDeliveries;
#[cfg(feature = "sns")]
pub(crate) use deliveries::{BODY_LIMIT, attributes};
pub use depth::Depth;
pub use events::SqsEvents;
#[cfg(feature = "sns")]
pub(crate) use text::{STRING, attribute_text, body};

use crate::error::port_error;

/// The error of a batch that was refused as a whole.
fn send_error<R: std::fmt::Debug + 'static>(
    variable: &str,
    error: &SdkError<SendMessageBatchError, R>,
) -> PortError {
    let PortError(text) = port_error(variable, "SendMessageBatch", error);
    match error.code() {
        Some(code) if code.contains("AccessDenied") => PortError(format!(
            "{text}; a queue of a stack takes messages from its functions and from who is in its parameter \
             OperatorRoleArns"
        )),
        _ => PortError(text),
    }
}
