//! The worker with its ports in memory, which can fail at any step, and with the simulator as the
//! providers.
//!
//! - [`fakes`]: the ports in memory, with a journal of the calls, and steps that fail
//! - [`bench`]: a worker between the fakes and the simulator
//! - [`batch`]: a message that fails does not affect the others
//! - [`synthetic`]: how a synthetic event ends
//! - [`again`]: repeats, conflicts, and the provider's own record
//! - [`ledger`]: claims, leases, duplicates
//! - [`faults`]: what happens when a port fails
//! - [`foreign`], [`scripted`]: answers that are not the provider's own, byte for byte
//! - [`many_calls`]: work of many calls stops, and goes on where it was
//! - [`observed`]: a certificate of a log, which came with its event
//! - [`correlation`]: what the logs show, compared with what was issued
//! - [`newer`]: envelopes of a version that this worker does not know
//! - [`outage`]: a provider that is down for hours, in simulated time
//! - [`stale`]: events that are older than the state of their certificate
//! - [`time`]: what depends on the age of an event
//! - [`invented_provider`]: a provider that is like none of ours, from its request to its event
//! - [`challenge`]: the token of CertCentral's challenge
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod again;
mod batch;
mod bench;
mod challenge;
mod correlation;
mod fakes;
mod faults;
mod foreign;
mod invented_provider;
mod ledger;
mod many_calls;
mod newer;
mod observed;
mod outage;
mod scripted;
mod stale;
mod synthetic;
mod time;
