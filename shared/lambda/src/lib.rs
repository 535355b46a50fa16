//! The shared parts of the Lambda functions.
//!
//! - [`start`]: sets up logging and metrics, then answers invocations, each with a deadline
//! - [`webhook`]: the webhook function of one provider (feature `webhook`)
//! - [`gateway`]: converts API Gateway and function URL events to requests, and responses to their format
//!   (feature `gateway`)

#[cfg(feature = "gateway")]
mod gateway;
mod start;
#[cfg(feature = "webhook")]
mod webhook;

#[cfg(feature = "gateway")]
pub use gateway::{Reply, Undecodable, decode, reply};
pub use start::{Event, StartError, answer, deadline, main};
#[cfg(feature = "webhook")]
pub use webhook::serve;
