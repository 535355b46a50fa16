//! The distributed form: compiled webhook functions and worker, behind a proxy.
//!
//! - [`testbed`]: emulator, simulated providers, queues and functions, from the start to the evaluation
//! - [`proxy`]: sees every request, and forwards it, makes it fail, or has its sender killed
//! - [`request`]: what a request is for
//! - [`observed_request`]: reports to the trace how a request ended for its sender
//! - [`action`]: what the proxy can do with a request
//! - [`trace`]: the publications of each event, which decides whether a repeat is explained
//! - [`process_under_test`]: a function that is killed and restarted
//! - [`event_source_mapping`]: passes events from the queue to the worker
//! - [`crash`], [`faults`] with load: the scenarios

mod action;
mod crash;
mod event_source_mapping;
mod faults;
mod observed_request;
mod process_under_test;
mod proxy;
mod request;
mod testbed;
mod trace;

pub(crate) use crash::crash;
pub(crate) use faults::{faults, load};
pub(crate) use testbed::SqsTestbed;
