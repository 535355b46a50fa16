//! Drives the compiled worker as Lambda does, with the emulator as AWS and the simulator as the
//! providers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod batch;
mod stage;
