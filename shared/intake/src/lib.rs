//! The webhook endpoint. A request comes in, its envelopes go onto the events queue, and only then is
//! it acknowledged. Nothing else happens before the answer.
//!
//! - [`process`]: the flow of a request, one step a line
//! - [`request`]: an HTTP request from any front end
//! - [`settings`]: the operator's settings
//! - [`secrets`]: the webhook secret with its rotation stages, cached
//! - [`verify`]: verifies a request, and alone makes a [`verify::Verified`] body
//! - [`answer`]: maps each outcome to its HTTP answer
//! - [`telemetry`]: one log line and one metric for each decision

mod answer;
mod process;
mod request;
mod secrets;
mod settings;
mod telemetry;
mod verify;

pub use process::Intake;
pub use request::Request;
pub use secrets::Secrets;
pub use settings::Settings;
