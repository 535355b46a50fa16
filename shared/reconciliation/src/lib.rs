//! What CertCentral failed to send: found in its own event log and in its orders, and put on the events
//! queue as the webhook would have put it there.
//!
//! - [`settings`]: what an operator may set
//! - [`run`]: one run from start to end
//! - [`certcentral`]: its API: budget, patience, what an error means for the run
//! - [`log`]: the webhook's event log, page by page from its new end
//! - [`collate`]: log and status changes put together: which events did not arrive
//! - [`recover`]: onto the events queue, each id at most once in 24 hours
//! - [`report`]: what a run found, event by event and in numbers
//! - [`telemetry`]: one log line and one count for each of them

mod certcentral;
mod collate;
mod log;
mod recover;
mod report;
mod run;
mod settings;
mod telemetry;

pub use certcentral::Fault;
pub use report::{Cause, Counts, RecoveryStatus, Report, Row};
pub use run::{Job, Ports, Reconciler};
pub use settings::{LONGEST_WINDOW, Settings};
