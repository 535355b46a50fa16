//! Crashes, faults, load and leaks: what becomes of every event, on the compiled programs.
//!
//! - [`sqs`]: the functions, with an emulator and simulated providers behind a proxy
//! - [`local`]: `certhooks local`, with simulated providers
//! - [`compare`]: what was acknowledged beside what was delivered
//! - [`latency`]: how long the events waited, from the worker's log
//! - [`secrets`]: events with secrets in them
//! - [`planted_secrets`]: secrets that nothing else looks like, and the search for them
//! - [`report`]: the table that `make chaos` prints
//! - [`documents`]: events, no two alike
//! - [`memory`]: what the system says of a process

mod compare;
mod documents;
mod latency;
pub mod local;
mod memory;
mod planted_secrets;
pub mod report;
mod secrets;
pub mod sqs;
