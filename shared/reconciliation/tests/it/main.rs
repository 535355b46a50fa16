//! The reconciler with the simulated CertCentral, with queue and ledger in a state folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod canned;
mod certspotter;
mod cloudflare;
mod figure;
mod found;
mod gap;
mod listener;
mod reading;
mod stage;
mod stopped;
mod taken;
