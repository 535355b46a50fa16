//! The start of every binary.
//!
//! - [`settings`]: environment variables, read once, with errors that name the variable
//! - [`logging`]: log lines in JSON, or readable on a terminal; panics without the data in them
//! - [`emf`]: metrics in the CloudWatch embedded metric format (feature `emf`)

#[cfg(feature = "emf")]
mod emf;
mod logging;
mod settings;

#[cfg(feature = "emf")]
pub use emf::Metrics;
pub use logging::{Format, log, report_panics};
pub use settings::{Environment, SettingError};
