//! What happened in a CertCentral account, whether or not its webhook said so. Pure.
//!
//! - [`sending`]: what CertCentral sent, from the webhook's event log
//! - [`change`]: orders whose status changed
//! - [`occurrence`]: either of them as the envelope that the door would have made of it

mod change;
mod occurrence;
mod sending;

pub use change::{StatusChange, classify_status_changes, status_changes};
pub use occurrence::Occurrence;
pub use sending::{Sending, SendingPage, classify_sendings};
