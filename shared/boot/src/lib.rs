//! The start of every binary.
//!
//! - [`settings`]: environment variables, read once, with errors that name the variable
//! - [`logging`]: log lines in JSON, or readable on a terminal; panics without the data in them
//! - [`line`]: what every JSON line begins with: program, version, invocation
//! - [`sampler`]: limits the log lines that strangers can cause
//! - [`metric_names`]: the metrics of all programs, and what they mean (feature `metrics`)
//! - [`emf`]: metrics in the CloudWatch embedded metric format (feature `emf`)

#[cfg(feature = "emf")]
mod emf;
mod line;
mod logging;
#[cfg(feature = "metrics")]
mod metric_names;
mod sampler;
mod settings;

#[cfg(feature = "emf")]
pub use emf::Metrics;
pub use line::{COMMIT, Invocation, SERVICE, begin_invocation, version};
pub use logging::{Format, log, report_panics};
#[cfg(feature = "metrics")]
pub use metric_names::describe_metrics;
pub use sampler::Sampler;
pub use settings::{Environment, SettingError};
