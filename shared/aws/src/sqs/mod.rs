//! - [`events`], [`deliveries`]: the two queues
//! - [`dead`]: their dead-letter queues
//! - [`depth`]: how many messages are where
//! - [`packing`]: messages into batches that SQS takes
//! - [`text`]: what SQS takes as text

mod dead;
mod deliveries;
mod depth;
mod events;
mod packing;
mod text;

pub use dead::{SqsDeadLetter, SqsDeadLetters};
pub use deliveries::SqsDeliveries;
pub use depth::Depth;
pub use events::SqsEvents;
