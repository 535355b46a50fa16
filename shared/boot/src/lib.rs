//! What every binary does first.
//!
//! - [`settings`]: environment variables, read once, with errors that name the variable
//! - [`logging`]: JSON lines, or readable ones on a terminal; faults without what they choked on
//! - [`emf`]: metrics as CloudWatch reads them from a log (feature `emf`)

#[cfg(feature = "emf")]
mod emf;
mod logging;
mod settings;

#[cfg(feature = "emf")]
pub use emf::Metrics;
pub use logging::{Format, log, report_panics};
pub use settings::{Environment, SettingError};
