//! What a stranger may send, and what must hold of it whatever it is.
//!
//! - [`targets`]: one function for each kind of input; each panics when a promise is broken
//! - [`corpus`]: what the engine starts from, read from the samples of the repository
//! - [`doors`]: the three doors over a queue and secrets in memory
//!
//! The engine is libFuzzer on the stable toolchain (`make fuzz`). What it finds is kept under `cases/`,
//! where `cargo test` runs it from then on, as it runs the corpus.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a target fails by panicking")]

pub mod corpus;
pub mod doors;
pub mod targets;

pub use targets::{TARGETS, Target};
