//! The corpus and the inputs that crashed a target, as ordinary tests, and properties of the
//! webhook endpoints and of the way to the deliveries queue.
//!
//! - [`corpus`]: every target with its seeds and its cases
//! - [`strategies`]: strategies for requests and documents
//! - [`webhook_endpoints`]: any request: no panic, no 500, and accepted with the right secret only
//! - [`end_to_end`]: any document is delivered byte for byte as it was received
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod end_to_end;
mod strategies;
mod webhook_endpoints;
