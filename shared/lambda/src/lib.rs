//! The shared parts of the Lambda functions.
//!
//! - [`start`]: sets up logging and metrics, then answers invocations
//! - [`deadline`]: when the work of an invocation must end
//! - [`webhook`]: the webhook function of one provider (feature `webhook`)
//! - [`request`]: converts API Gateway and function URL events to requests (feature `gateway`)
//! - [`reply`]: converts responses to API Gateway's format (feature `gateway`)

mod deadline;
#[cfg(feature = "gateway")]
mod reply;
#[cfg(feature = "gateway")]
mod request;
mod start;
#[cfg(feature = "webhook")]
mod webhook;

pub use deadline::deadline;
pub use lambda_runtime::LambdaEvent;
#[cfg(feature = "gateway")]
pub use reply::{Reply, reply};
#[cfg(feature = "gateway")]
pub use request::{Undecodable, decode};
pub use start::{StartError, answer, main};
#[cfg(feature = "webhook")]
pub use webhook::serve;
