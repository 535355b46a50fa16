//! The distributed form: compiled webhook functions and worker, behind a proxy.
//!
//! - [`functions`]: the paths of the compiled functions
//! - [`testbed`]: emulator, simulated providers, queues, and the functions' variables
//! - [`proxy`]: sees every request, and forwards it, makes it fail, or has its sender killed
//! - [`request`]: what a request is for
//! - [`observed_request`]: reports to the trace how a request ended for its sender
//! - [`action`]: what the proxy can do with a request
//! - [`trace`]: the publications of each event, which decides whether a repeat is explained
//! - [`process_under_test`]: a function that is killed and restarted
//! - [`webhook_functions`]: sends events; [`event_source_mapping`]: passes them from the queue to the worker
//! - [`crash`], [`faults`], [`load`], [`leaks`]: the scenarios
//! - [`outcome`]: compares what was acknowledged with what was delivered, and searches for secrets

mod action;
mod crash;
mod event_source_mapping;
mod faults;
mod functions;
mod leaks;
mod load;
mod observed_request;
mod outcome;
mod process_under_test;
mod proxy;
mod request;
mod testbed;
mod trace;
mod webhook_functions;

pub use crash::crash;
pub use faults::faults;
pub use functions::Functions;
pub use leaks::leaks;
pub use load::load;
