//! What the functions share.
//!
//! - [`start`]: settings, logging and metrics; then one invocation after the other
//! - [`door`]: a webhook function from environment to answers (feature `door`)
//! - [`request`]: API Gateway and function URL events into requests (feature `door`)
//! - [`reply`]: responses in the shape that the event's source reads (feature `door`)

#[cfg(feature = "door")]
mod door;
#[cfg(feature = "door")]
mod reply;
#[cfg(feature = "door")]
mod request;
mod start;

#[cfg(feature = "door")]
pub use door::serve;
pub use lambda_runtime::{Context, LambdaEvent};
pub use start::{StartError, answer, main};
