//! The embedded form: `certhooks local` as a process, observed from outside.
//!
//! - [`testbed`]: the process with its providers and senders, from the start to the evaluation
//! - [`process`]: a running process, whose log is searched for secrets
//! - [`senders`]: providers that send each event until it is acknowledged
//! - [`crash_point`]: how far the events were processed when the process was killed
//! - [`folder`], [`volume`]: a folder for the state, and a file system that fills up
//! - [`crash`], [`faults`], [`full`], [`load`], [`leaks`]: the scenarios

mod crash;
mod crash_point;
mod faults;
mod folder;
mod full;
mod leaks;
mod load;
mod process;
mod senders;
mod testbed;
mod volume;

pub use crash::crash;
pub use faults::faults;
pub use full::full;
pub use leaks::leaks;
pub use load::load;
