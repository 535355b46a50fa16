//! Reconciliation: finds the events that a provider sent, or should have sent, and that did not arrive, in
//! the provider's own records, and puts them on the events queue as the webhook endpoint would have done.
//!
//! - [`settings`]: the operator's settings
//! - [`run`]: one run of one provider from start to end
//! - [`last_run`]: the last complete run, to which the next one looks back, and the first one
//! - [`client`]: a provider's API: budget, retries, and the errors of a run
//! - [`certcentral`]: CertCentral's event log and status changes
//! - [`log`]: reads the webhook's event log page by page, newest entries first
//! - [`collate`]: combines the log and the status changes
//! - [`cloudflare`]: Cloudflare's history of notifications, and its lists of custom hostnames
//! - [`certspotter`]: the certificates that Cert Spotter found in the logs, and how far they were read
//! - [`figure`]: what became of the events of one day
//! - [`recover`]: finds what did not arrive in the ledger; puts missed events on the events queue, each id at most once in 24 hours
//! - [`forget`]: lets recorded ids be delivered again
//! - [`report`]: the result of a run, by event and in numbers
//! - [`telemetry`]: one log line and one metric for each decision

mod certcentral;
mod certspotter;
mod client;
mod cloudflare;
mod collate;
mod figure;
mod forget;
mod last_run;
mod log;
mod recover;
mod report;
mod run;
mod settings;
mod telemetry;

pub use client::RunError;
pub use figure::Figure;
pub use forget::forget;
pub use last_run::last_complete_run;
pub use report::{Cause, Counts, RecoveryStatus, Report, Row};
pub use run::{Job, Ports, Reconciler};
pub use settings::{MAX_WINDOW, Records, Settings};
