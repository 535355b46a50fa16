//! The webhook endpoint with fakes of its two ports and with simulated time, for cases that the
//! black-box tests of `certhooks local` cannot reach.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fakes;
mod queue;
mod rotation;
