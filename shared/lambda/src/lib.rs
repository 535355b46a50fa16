//! What the functions share.
//!
//! - [`start`]: settings, logging and metrics; then one invocation after the other
//! - [`deadline`]: until when an invocation may work
//! - [`webhook`]: a webhook function from environment to answers (feature `door`)
//! - [`request`]: API Gateway and function URL events into requests (feature `gateway`)
//! - [`reply`]: responses in the shape that the event's source reads (feature `gateway`)

mod deadline;
#[cfg(feature = "gateway")]
mod reply;
#[cfg(feature = "gateway")]
mod request;
mod start;
#[cfg(feature = "door")]
mod webhook;

pub use deadline::deadline;
pub use lambda_runtime::LambdaEvent;
#[cfg(feature = "gateway")]
pub use reply::Reply;
#[cfg(feature = "gateway")]
pub use request::{Payload, Undecodable, decode};
pub use start::{StartError, answer, main};
#[cfg(feature = "door")]
pub use webhook::serve;
