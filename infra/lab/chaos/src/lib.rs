//! Crashes, faults, load and leak checks on the compiled programs, and what becomes of every event.
//!
//! - [`scenarios`]: the table of scenarios; [`leaks`]: the one that is the same for both forms
//! - [`sqs`]: the functions, with an emulator and simulated providers behind a proxy
//! - [`local`]: `certhooks local`, with simulated providers
//! - [`testbed`]: what both forms can do
//! - [`programs`]: the compiled programs
//! - [`events`]: different events of every provider; [`acknowledgements`]: what is answered to them
//! - [`secrets`]: unmistakable secrets, and the search for them
//! - [`report`]: the table that `make chaos` prints

mod acknowledgements;
mod events;
mod leaks;
mod local;
pub mod programs;
pub mod report;
pub mod scenarios;
mod secrets;
mod sqs;
mod testbed;
