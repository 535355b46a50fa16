//! The worker with its surroundings in memory, where they can fail at any step, and the simulator as
//! the providers.
//!
//! - [`fakes`]: the ports in memory, with a journal of what was called and what shall fail
//! - [`bench`]: a worker between the fakes and the simulator
//! - [`batch`]: each record stands alone
//! - [`synthetic`]: a synthetic event at the end of its way
//! - [`ledger`]: claims, leases, repeats
//! - [`faults`]: what a failing port leads to
//! - [`outage`]: a provider that is down for hours, in simulated time
//! - [`stale`]: what is older than the state of its certificate
//! - [`time`]: what depends on the age of an event
//! - [`challenge`]: the token of CertCentral's challenge
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod bench;
mod challenge;
mod fakes;
mod faults;
mod ledger;
mod outage;
mod stale;
mod synthetic;
mod time;
