//! The compiled worker, as Lambda drives it, with an emulator and the simulated providers behind it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod batch;
mod stage;
