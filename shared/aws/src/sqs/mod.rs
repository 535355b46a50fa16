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

pub use dead_letters::{SqsDeadLetter, SqsDeadLetters};
pub use deliveries::SqsDeliveries;
#[cfg(feature = "sns")]
pub(crate) use deliveries::{BODY_LIMIT, attributes};
pub use depth::Depth;
pub use events::SqsEvents;
#[cfg(feature = "sns")]
pub(crate) use text::{STRING, attribute_text, body};
