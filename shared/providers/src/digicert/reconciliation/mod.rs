//! What happened in a CertCentral account, whether or not its webhook announced it. Pure.
//!
//! - [`sent_event`]: what CertCentral sent, from the webhook's event log
//! - [`status_change`]: orders whose status changed
//! - [`received`]: either of them as the envelope that the receiver would have made of it

mod received;
mod sent_event;
mod status_change;

pub use super::admin::{SentEvent, SentEventPage, classify_sent_events};
pub use status_change::{
    MAX_TIME, StatusChange, classify_status_changes, status_changes, status_changes_between,
};
