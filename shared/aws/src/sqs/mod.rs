//! - [`events`], [`deliveries`]: the two queues
//! - [`packing`]: messages into batches that SQS takes
//! - [`text`]: what SQS takes as text

mod deliveries;
mod events;
mod packing;
mod text;

pub use deliveries::SqsDeliveries;
pub use events::SqsEvents;
