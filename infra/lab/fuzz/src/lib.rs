//! Fuzz targets for untrusted input, and the properties that must hold for any input.
//!
//! - [`targets`]: one function for each kind of input, which panics when a property does not hold
//! - [`corpus`]: the inputs to start from, read from the samples of the repository
//! - [`webhook_endpoints`]: every provider's webhook endpoint, with a queue and secrets in memory
//!
//! The engine is libFuzzer on the stable toolchain (`make fuzz`). Inputs that crash a target are
//! kept under `cases/`; `cargo test` runs them as it runs the corpus.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a target fails by panicking")]

pub mod corpus;
pub mod targets;
pub mod webhook_endpoints;

pub use targets::{Target, targets};
