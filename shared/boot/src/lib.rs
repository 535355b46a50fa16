//! What every binary does first.
//!
//! - [`settings`]: environment variables, read once, with errors that name the variable
//! - [`logging`]: JSON lines, or readable ones on a terminal

mod logging;
mod settings;

pub use logging::{Format, log};
pub use settings::{Environment, SettingError};
