//! The corpus and the cases that were found, as ordinary tests; and what must hold from the door to the
//! deliveries queue, whatever comes.
//!
//! - [`corpus`]: every target over its seeds and its cases
//! - [`anything`]: strategies for requests and documents
//! - [`door`]: any request: no panic, no 500, and let in with the right secret only
//! - [`journey`]: any document comes out byte for byte as it came in
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod anything;
mod corpus;
mod door;
mod journey;
