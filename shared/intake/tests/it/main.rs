//! The door over fakes of its two ports, where time can be moved: what the black-box tests of
//! `certhooks local` cannot reach.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fakes;
mod queue;
mod rotation;
