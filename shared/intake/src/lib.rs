//! The door: a request comes in, its envelopes go onto the events queue, and only then it is
//! acknowledged. Nothing else happens before the answer.
//!
//! - [`process`]: the way of a request, one step a line
//! - [`settings`]: what an operator may set
//! - [`secrets`]: the webhook secret with its rotation stages, cached
//! - [`verify`]: the only place that makes a [`verify::Verified`] body
//! - [`answer`]: the one map from outcome to HTTP answer
//! - [`telemetry`]: one log line and one count for each decision

mod answer;
mod process;
mod secrets;
mod settings;
mod telemetry;
mod verify;

pub use process::{Intake, Request};
pub use secrets::Secrets;
pub use settings::Settings;
