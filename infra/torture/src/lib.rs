//! Crashes, faults, load and leaks: what becomes of every event, on the compiled programs.
//!
//! - [`sqs`]: the functions, with an emulator and simulated providers behind a proxy
//! - [`local`]: `certhooks local`, with simulated providers
//! - [`compare`]: what was acknowledged beside what was delivered
//! - [`latency`]: how long the events waited, from the worker's log
//! - [`secrets`]: events with secrets in them
//! - [`canaries`]: secrets that nothing else looks like, and the search for them
//! - [`report`]: the table that `make torture` prints
//! - [`documents`]: events, no two alike
//! - [`random`]: what a seed repeats
//! - [`memory`]: what the system says of a process

pub mod canaries;
mod compare;
mod documents;
mod latency;
pub mod local;
mod memory;
pub mod random;
pub mod report;
mod secrets;
pub mod sqs;
