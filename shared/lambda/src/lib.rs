//! What the functions share.
//!
//! - [`start`]: settings, logging and metrics; then one invocation after the other
//! - [`deadline`]: until when an invocation may work
//! - [`door`]: a webhook function from environment to answers (feature `door`)
//! - [`request`]: API Gateway and function URL events into requests (feature `gateway`)
//! - [`reply`]: responses in the shape that the event's source reads (feature `gateway`)

mod deadline;
#[cfg(feature = "door")]
mod door;
#[cfg(feature = "gateway")]
mod reply;
#[cfg(feature = "gateway")]
mod request;
mod start;

pub use deadline::deadline;
#[cfg(feature = "door")]
pub use door::serve;
pub use lambda_runtime::LambdaEvent;
#[cfg(feature = "gateway")]
pub use reply::Reply;
#[cfg(feature = "gateway")]
pub use request::{Payload, Undecodable, decode};
pub use start::{StartError, answer, main};
