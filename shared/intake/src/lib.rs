//! The webhook endpoint. A request comes in, its envelopes go onto the events queue, and only then is
//! it acknowledged. Nothing else happens before the answer.
//!
//! - [`process`]: the flow of a request, one step a line
//! - [`settings`]: the operator's settings
//! - [`secrets`]: the webhook secret with its rotation stages, cached
//! - [`trace_context`]: the trace under which a request is followed
//! - [`answer`]: maps each outcome to its HTTP answer
//! - [`telemetry`]: one log line and one metric for each decision

mod answer;
mod process;
mod secrets;
mod settings;
mod telemetry;
pub mod trace_context;

pub use answer::{BodyFault, Reason, no_route};
pub use process::{Admission, Intake};
pub use secrets::Secrets;
pub use settings::{Settings, proxy_range};
