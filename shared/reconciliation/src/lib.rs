//! Reconciliation: finds the events that CertCentral failed to send, in its event log and in its
//! orders, and puts them on the events queue as the webhook endpoint would have done.
//!
//! - [`settings`]: the operator's settings
//! - [`run`]: one run from start to end
//! - [`certcentral`]: CertCentral's API: budget, retries, and the errors of a run
//! - [`log`]: reads the webhook's event log page by page, newest entries first
//! - [`collate`]: combines the log and the status changes to find the missed events
//! - [`recover`]: puts missed events on the events queue, each id at most once in 24 hours
//! - [`forget`]: lets recorded ids be delivered again
//! - [`report`]: the result of a run, by event and in numbers
//! - [`telemetry`]: one log line and one metric for each decision

mod certcentral;
mod collate;
mod forget;
mod log;
mod recover;
mod report;
mod run;
mod settings;
mod telemetry;

pub use certcentral::RunError;
pub use forget::forget;
pub use report::{Cause, Counts, RecoveryStatus, Report, Row};
pub use run::{Job, Ports, Reconciler};
pub use settings::{MAX_WINDOW, Settings};
