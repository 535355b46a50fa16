//! Crashes, faults, load and leak checks on the compiled programs, and what becomes of every event.
//!
//! - [`sqs`]: the functions, with an emulator and simulated providers behind a proxy
//! - [`local`]: `certhooks local`, with simulated providers
//! - [`compare`]: compares what was acknowledged with what was delivered
//! - [`latency`]: latencies of the events, from the worker's log
//! - [`secrets`]: events that contain secrets
//! - [`planted_secrets`]: unmistakable secrets, and the search for them
//! - [`report`]: the table that `make chaos` prints
//! - [`documents`]: the documents of different events
//! - [`memory`]: the memory of a process

mod compare;
mod documents;
mod latency;
pub mod local;
mod memory;
mod planted_secrets;
pub mod report;
mod secrets;
pub mod sqs;
