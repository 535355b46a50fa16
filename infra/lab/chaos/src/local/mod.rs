//! The embedded form: `certhooks local` as a process, observed from outside.
//!
//! - [`testbed`]: the process with its providers and senders, from the start to the evaluation
//! - [`process`]: a running process, whose log is searched for secrets
//! - [`senders`]: providers that send each event until it is acknowledged
//! - [`database`]: what is stored, and how far the events were processed when the process was killed
//! - [`volume`]: a file system that fills up
//! - [`attack`], [`crash`], [`faults`], [`day`]: the scenarios

mod attack;
mod crash;
mod database;
mod day;
mod faults;
mod process;
mod senders;
mod testbed;
mod volume;

pub(crate) use attack::attack;
pub(crate) use crash::{crash, full};
pub(crate) use day::day;
pub(crate) use faults::faults;
pub(crate) use testbed::LocalTestbed;
